// The archive that has driver sources as packages. Their versions are those of its suites' lists; none is written down.

import * as z from 'zod'
import { suiteSchema } from './apt/suite.ts'

export { DEBIAN_KEYRING as DRIVER_KEYRING } from './keys/debian.ts'

const suite = suiteSchema.shape

export const driverArchiveSchema = z.object({
  mirror: suite.mirror,
  /** in the order in which they are looked through */
  suites: z.array(suite.suite).min(1),
  checkValidUntil: suite.checkValidUntil,
  ofThePast: suite.ofThePast,
})
export type DriverArchive = Readonly<z.infer<typeof driverArchiveSchema>>

export const DRIVER_ARCHIVE: DriverArchive = {
  mirror: 'http://mirrors.edge.kernel.org/debian',
  suites: ['bookworm', 'trixie', 'sid'],
}
