// An archive by its URL, kept in the inputs bucket, with its digest pinned or recorded at first use.

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

export interface Archive {
  /** under which the digest is on record */
  readonly id: string
  readonly name: string
  readonly version: string
  readonly url: string
  /** lower-case hex; `undefined`: what the first use found is held to from then on */
  readonly pinned: string | undefined
  readonly maxBytes: number
}

/** Fetched once. ProbeError `digest-mismatch` when it has changed, and those of `fetch`. */
export async function recordedArchive(
  { inputs, sources, fetch }: RecordedArchivePorts,
  { id, name, version, url, pinned, maxBytes }: Archive,
): Promise<{ source: Source; bytes: number }> {
  const sourceOf = (sha256: string): Source => ({ name, version, url, sha256 })
  const known = pinned ?? (await sources.recorded(id))?.sha256
  const kept = known === undefined ? undefined : await inputs.size(inputKey(known))
  if (known !== undefined && kept !== undefined) return { source: sourceOf(known), bytes: kept }
  const body = await fetch(url, { maxBytes })
  const sha256 = await keepInput(inputs, body)
  // Recorded after it is kept: a crash between leaves an archive that nobody refers to.
  const expected = pinned ?? (await sources.record(id, sourceOf(sha256))).sha256
  if (sha256 === expected) return { source: sourceOf(sha256), bytes: body.length }
  throw new ProbeError(
    'digest-mismatch',
    `${name} ${version} at ${url} has changed: sha256 ${sha256}, where ${expected} was ${pinned === undefined ? 'recorded at first use' : 'pinned'}. Find out why before anything else.`,
  )
}
