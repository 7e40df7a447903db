// Driver versions that are commits of falcosecurity/libs, 40 hex digits: Falco's master asks by them.

import * as z from 'zod'
import { sha256Hex } from './digest.ts'
import { driverArchive } from './driver-archives.ts'
import { ProbeError } from './errors.ts'
import type { DriverVersions } from './settings.ts'

/**
 * GitHub answers for the commits of every fork as for upstream's own, so that whoever may push to a fork can have sources
 * of theirs built by a registry that takes `any`.
 */
export const driverCommitsSchema = z.object({
  /** `off`: none is built. `listed`: those of `sha256` alone. `any`: each that the archives have */
  mode: z.enum(['off', 'listed', 'any']),
  /** as `driverArchives`: `{driverVersion}` is the commit */
  archives: z.array(driverArchive).min(1),
  /** by commit, digest of its archive; of another one it is recorded at first use */
  sha256: z.record(z.string().regex(/^[0-9a-f]{40}$/, { error: 'is no commit: 40 hex digits' }), sha256Hex),
})
type DriverCommits = z.infer<typeof driverCommitsSchema>

export const DRIVER_COMMITS: DriverCommits = {
  mode: 'off',
  archives: ['https://github.com/falcosecurity/libs/archive/{driverVersion}.tar.gz'],
  sha256: {},
}

/** The entry of the catalogue that serves a commit, if it is taken. Of kernel modules: upstream has no other kind left. */
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

/** Both the host and the operator can do something. */
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
