// Copies an archive into the inputs bucket. Its digest is pinned, or trusted on first use.

import { ProbeError } from '../model/errors.ts'
import { inputKey } from '../model/keys.ts'
import type { Fetch, Sources, Store } from '../model/ports.ts'
import type { Source } from '../model/probe.ts'
import { keepInput } from './inputs.ts'

export interface RecordedArchivePorts {
  readonly inputs: Store
  readonly sources: Sources
  readonly fetch: Fetch
}

/** `id`: key under which the digest is recorded. `check` rejects an invalid archive at its first use. */
type Archive = Pick<Source, 'name' | 'version' | 'url'> & {
  readonly id: string
  readonly maxBytes: number
} & (
    | { readonly pinned: string }
    | { readonly pinned: undefined; readonly check: (body: Uint8Array) => Promise<void> }
  )

/**
 * Downloads the archive only once.
 * @throws {ProbeError} `digest-mismatch`: the archive has changed; and those of `fetch` and `check`.
 */
export async function recordedArchive(
  { inputs, sources, fetch }: RecordedArchivePorts,
  archive: Archive,
): Promise<{ source: Source; bytes: number }> {
  const { id, name, version, url, maxBytes } = archive
  const sourceOf = (sha256: string): Source => ({ name, version, url, sha256 })
  const known = archive.pinned ?? (await sources.recorded(id))?.sha256
  const kept = known === undefined ? undefined : await inputs.size(inputKey(known))
  if (known !== undefined && kept !== undefined) return { source: sourceOf(known), bytes: kept }
  const body = await fetch(url, { maxBytes })
  if (known === undefined && archive.pinned === undefined) await archive.check(body)
  const sha256 = await keepInput(inputs, body)
  // Records the digest after the archive is stored: after a crash in between, nothing refers to the archive.
  const expected = archive.pinned ?? (await sources.record(id, sourceOf(sha256))).sha256
  if (sha256 === expected) return { source: sourceOf(sha256), bytes: body.length }
  throw new ProbeError('digest-mismatch', changed(archive, sha256, expected, sources))
}

function changed(
  { id, name, version, url, pinned }: Archive,
  found: string,
  expected: string,
  { forgetBy = (id) => `\`npx --no-install probe-registry digests forget ${id}\`` }: Sources,
): string {
  const what = `${name} ${version} at ${url} has changed: sha256 ${found}, where ${expected} was`
  return pinned === undefined
    ? `${what} recorded at first use. Find out why; then ${forgetBy(id)} makes the next build record it again`
    : `${what} pinned. Find out why before anything else`
}
