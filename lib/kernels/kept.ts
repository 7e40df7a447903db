// Files of a plan in the inputs bucket: brought there once, verified before they are kept.

import { ensureInput, keepInput } from '../inputs/inputs.ts'
import { ProbeError } from '../model/errors.ts'
import { inputKey } from '../model/keys.ts'
import type { Sources, Store } from '../model/ports.ts'
import type { Package, Source } from '../model/probe.ts'
import type { PlannerPorts } from './planner.ts'

export type InputPorts = Pick<PlannerPorts, 'inputs' | 'fetch'>

type Kept = Pick<Package, 'url' | 'sha256' | 'bytes'>

/** A package that a signed list names. ProbeError `digest-mismatch`, and those of `fetch`. */
export async function bytesOf({ inputs, fetch }: InputPorts, pkg: Kept): Promise<Uint8Array> {
  await ensureInput(inputs, fetch, pkg)
  return keptBytes(inputs, pkg)
}

/** @throws {ProbeError} `misconfigured` for an object that somebody deleted. */
export async function keptBytes(
  inputs: Pick<Store, 'get'>,
  { url, sha256, bytes }: Kept,
): Promise<Uint8Array> {
  const body = await inputs.get(inputKey(sha256), bytes)
  if (body !== undefined) return body
  throw new ProbeError('misconfigured', `${url} was kept, and has vanished from the inputs bucket`)
}

interface Verified extends Omit<Source, 'sha256'> {
  readonly body: Uint8Array
}

/** The file that is on record; where there is none, what `verified` brings, which is kept and goes on record. */
export async function verifiedOnce(
  { inputs, sources }: { readonly inputs: Store; readonly sources: Sources },
  record: string,
  verified: () => Promise<Verified>,
): Promise<{ readonly source: Source; readonly bytes: number }> {
  const known = await sources.recorded(record)
  const bytes = known && (await inputs.size(inputKey(known.sha256)))
  if (known !== undefined && bytes !== undefined) return { source: known, bytes }
  const { body, ...named } = await verified()
  const source = { ...named, sha256: await keepInput(inputs, body) }
  // Recorded after it is verified and kept: a crash between leaves an object that nobody refers to.
  await sources.record(record, source)
  return { source, bytes: body.length }
}
