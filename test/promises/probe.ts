// A small real module that is the probe which test/world.ts asks for.

import { moduleObject } from '../lib/objects.ts'

export const probeBytes = (info?: readonly string[]): Uint8Array =>
  moduleObject(info === undefined ? {} : { info })
