// Makes a small real module: the probe that test/support/world.ts requests.

import { moduleObject } from './objects.ts'

export const probeBytes = (info?: readonly string[]): Uint8Array =>
  moduleObject(info === undefined ? {} : { info })
