// The archive that has driver sources as packages. Their versions are those of its suites' lists; none is written down.

import * as z from 'zod'
import { archiveSchema, suiteSchema } from './apt/suite.ts'

export { DEBIAN_KEYRING as DRIVER_KEYRING } from './keys/debian.ts'

export const driverArchiveSchema = archiveSchema.extend({
  /** in the order in which they are looked through */
  suites: z.array(suiteSchema.shape.suite).min(1),
})
export type DriverArchive = Readonly<z.infer<typeof driverArchiveSchema>>

export const DRIVER_ARCHIVE: DriverArchive = {
  mirror: 'http://mirrors.edge.kernel.org/debian',
  suites: ['bookworm', 'trixie', 'sid'],
}
