// Stores the files of a plan in the inputs bucket: verifies each file, and fetches it only once.

import { ensureInput, keepInput } from '../inputs/inputs.ts'
import { ProbeError } from '../model/errors.ts'
import { inputKey } from '../model/keys.ts'
import type { Sources, Store } from '../model/ports.ts'
import type { Package, Source } from '../model/probe.ts'
import type { PlannerPorts } from './planner.ts'

export type InputPorts = Pick<PlannerPorts, 'inputs' | 'fetch'>

type Kept = Pick<Package, 'url' | 'sha256' | 'bytes'>

/**
 * The bytes of a package whose digest is known from a signed list; fetches and stores it if necessary.
 * @throws {ProbeError} `digest-mismatch`, and the errors of `fetch`.
 */
export async function bytesOf({ inputs, fetch }: InputPorts, pkg: Kept): Promise<Uint8Array> {
  await ensureInput(inputs, fetch, pkg)
  return keptBytes(inputs, pkg)
}

/** @throws {ProbeError} `misconfigured` if somebody deleted the object. */
export async function keptBytes(
  inputs: Pick<Store, 'get'>,
  { url, sha256, bytes }: Kept,
): Promise<Uint8Array> {
  const body = await inputs.get(inputKey(sha256), bytes)
  if (body !== undefined) return body
  throw new ProbeError('misconfigured', `${url} was kept, and has vanished from the inputs bucket`)
}

/** Returns the recorded file. If there is none, calls `verified`, and stores and records its result. */
export async function verifiedOnce(
  { inputs, sources }: { readonly inputs: Store; readonly sources: Sources },
  record: string,
  verified: () => Promise<Omit<Source, 'sha256'> & { readonly body: Uint8Array }>,
): Promise<{ readonly source: Source; readonly bytes: number }> {
  const known = await sources.recorded(record)
  const bytes = known && (await inputs.size(inputKey(known.sha256)))
  if (known !== undefined && bytes !== undefined) return { source: known, bytes }
  const { body, ...named } = await verified()
  const source = { ...named, sha256: await keepInput(inputs, body) }
  // Records the file after storing it. A crash in between leaves an object without a record, and the next
  // call repeats both writes.
  await sources.record(record, source)
  return { source, bytes: body.length }
}
