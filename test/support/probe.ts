// A small real module that is the probe which test/support/world.ts asks for.

import { moduleObject } from './objects.ts'

export const probeBytes = (info?: readonly string[]): Uint8Array =>
  moduleObject(info === undefined ? {} : { info })
