// Serves driver versions that are commits of falcosecurity/libs (40 hex digits), which Falco's master branch requests.

import * as z from 'zod'
import { sha256Hex } from './digest.ts'
import { driverArchive } from './driver-archives.ts'
import { ProbeError } from './errors.ts'
import type { DriverVersions } from './settings.ts'

/** GitHub serves the commits of forks under upstream's URL, so with mode `any`, everyone can make the registry build theirs. */
export const driverCommitsSchema = z.object({
  /** `off`: builds no commit. `listed`: builds the commits in `sha256`. `any`: builds every commit in the archives */
  mode: z.enum(['off', 'listed', 'any']),
  /** same format as the setting `driverArchives`; `{driverVersion}` is replaced by the commit */
  archives: z.array(driverArchive).min(1),
  /** digest of each commit's archive; other commits are trusted on first use */
  sha256: z.record(
    z.string().regex(/^[0-9a-f]{40}$/, { error: 'is not a commit (40 hex digits)' }),
    sha256Hex,
  ),
})
type DriverCommits = z.infer<typeof driverCommitsSchema>

export const DRIVER_COMMITS: DriverCommits = {
  mode: 'off',
  archives: ['https://github.com/falcosecurity/libs/archive/{driverVersion}.tar.gz'],
  sha256: {},
}

/** Catalogue entry of a commit; `undefined`: the mode does not allow it. Only kmod: upstream removed the other kind. */
export function commitEntry({ mode, sha256 }: DriverCommits, commit: string): DriverVersions | undefined {
  const pinned = Object.hasOwn(sha256, commit) ? sha256[commit] : undefined
  if (mode === 'off' || (mode === 'listed' && pinned === undefined)) return undefined
  return {
    match: commit,
    about: `commit ${commit} of falcosecurity/libs`,
    names: ['falco', 'scap'],
    kinds: ['kmod'],
    recipe: 'libs',
    source: { from: 'archive', ...(pinned === undefined ? {} : { sha256: pinned }) },
  }
}

export function noCommit({ mode }: DriverCommits, commit: string): ProbeError {
  const operator =
    mode === 'off'
      ? 'the operator can allow it by driverCommits in its settings'
      : "the operator can add it to driverCommits.sha256 in its settings, with its archive's digest"
  const what =
    mode === 'off'
      ? 'this registry builds no driver from a commit'
      : 'this registry builds only the commits that it lists'
  return new ProbeError(
    'unknown-driver-version',
    `driver version ${commit} is a commit of falcosecurity/libs, and ${what}. On the host, use a release of Falco, which asks for a released driver such as 11.0.0+driver; ${operator} (docs/operations.md, "Driver versions by commit")`,
  )
}
