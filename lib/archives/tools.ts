// The archive that the tools of a bare build image come from: the suites that the image itself was made of.

import * as z from 'zod'
import { suiteSchema } from './apt/suite.ts'

export { DEBIAN_KEYRING as TOOL_KEYRING } from './keys/debian.ts'

export const toolArchiveSchema = z.object({ suites: z.array(suiteSchema) })

export type ToolArchive = z.infer<typeof toolArchiveSchema>

export const TOOL_ARCHIVE: ToolArchive = {
  suites: [
    { mirror: 'http://security.debian.org/debian-security', suite: 'bookworm-security' },
    { mirror: 'http://mirrors.edge.kernel.org/debian', suite: 'bookworm' },
    { mirror: 'http://mirrors.edge.kernel.org/debian', suite: 'bookworm-updates' },
  ],
}
