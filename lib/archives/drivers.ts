// Settings of the archive with packages of driver sources. Its lists decide which versions exist.

import * as z from 'zod'
import { archiveSchema, suiteSchema } from './apt/suite.ts'

export { DEBIAN_KEYRING as DRIVER_KEYRING } from './keys/debian.ts'

export const driverArchiveSchema = archiveSchema.extend({
  /** in the order of the search */
  suites: z.array(suiteSchema.shape.suite).min(1),
})
export type DriverArchive = Readonly<z.infer<typeof driverArchiveSchema>>

export const DRIVER_ARCHIVE: DriverArchive = {
  mirror: 'http://mirrors.edge.kernel.org/debian',
  suites: ['bookworm', 'trixie', 'sid'],
}
