// Settings of the archive from which build roots are composed.

import * as z from 'zod'
import { archiveSchema, suiteSchema } from './apt/suite.ts'

export { DEBIAN_KEYRING as ROOT_KEYRING } from './keys/debian.ts'

const { suite } = suiteSchema.shape

export const rootArchiveSchema = archiveSchema.extend({
  /** from the oldest to the newest; `stable: false`: used only if no other suite has the compiler */
  suites: z.array(z.object({ suite, stable: z.boolean() })).min(1),
  /** suite of the tools that the build steps run, and of the load test's machine */
  steps: suite,
})
export type RootArchive = Readonly<z.infer<typeof rootArchiveSchema>>

/**
 * Compilers in these suites: gcc 9, 10 (bullseye), 11, 12 (bookworm), 12 to 14 (trixie), 11 to 16 (sid);
 * clang 9, 11, 13, 16 (bullseye), 13 to 16, 19 (bookworm), 17 to 19, 22 (trixie), 19, 21 to 23 (sid).
 */
export const ROOT_ARCHIVE: RootArchive = {
  mirror: 'http://mirrors.edge.kernel.org/debian',
  suites: [
    { suite: 'bullseye', stable: true },
    { suite: 'bookworm', stable: true },
    { suite: 'trixie', stable: true },
    { suite: 'sid', stable: false },
  ],
  steps: 'bookworm',
}

/**
 * Whether `text`, the first line of `--version`, is from this package's compiler. gcc prints the version of
 * its package, `gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0`; clang prints only its own, `Debian clang version
 * 14.0.6`.
 */
export function isCompilerText(
  { command, version }: { readonly command: string; readonly version: string },
  text: string,
): boolean {
  if (command.startsWith('gcc-')) return text.includes(`(Debian ${version})`)
  const upstream = /^(?:\d+:)?([0-9.]+)/.exec(version)?.[1] ?? version
  return new RegExp(`\\bclang version ${upstream.replaceAll('.', '\\.')}(?![0-9.])`).test(text)
}
