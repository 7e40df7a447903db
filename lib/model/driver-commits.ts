// Driver versions that are commits of falcosecurity/libs (40 hex digits), which Falco's master requests.

import * as z from 'zod'
import { sha256Hex } from './digest.ts'
import { driverArchive } from './driver-archives.ts'
import { ProbeError } from './errors.ts'
import type { DriverVersions } from './settings.ts'

/**
 * GitHub serves commits of every fork below upstream's URL, so anyone with a fork can have own sources built by a registry
 * with the mode `any`.
 */
export const driverCommitsSchema = z.object({
  /** `off`: builds none. `listed`: only those in `sha256`. `any`: all that the archives have */
  mode: z.enum(['off', 'listed', 'any']),
  /** as `driverArchives`: `{driverVersion}` is the commit */
  archives: z.array(driverArchive).min(1),
  /** digest of the archive by commit; for others, trust on first use */
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

/** The catalogue's entry for a commit, if the mode allows it. Only kernel modules: upstream has no other kind any more. */
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
