// Stores packages and archives in the inputs bucket, each under its sha256.

import { sha256 } from '../model/digest.ts'
import { ProbeError } from '../model/errors.ts'
import { inputKey } from '../model/keys.ts'
import type { Fetch, Store } from '../model/ports.ts'
import type { Package } from '../model/probe.ts'

/**
 * Copies an input into the bucket. Builds download only from there, because an archive may drop a package at any time.
 * @throws {ProbeError} `digest-mismatch`.
 */
export async function ensureInput(
  inputs: Store,
  fetch: Fetch,
  input: Pick<Package, 'url' | 'sha256' | 'bytes'>,
): Promise<void> {
  if ((await inputs.size(inputKey(input.sha256))) !== undefined) return
  const body = await fetch(input.url, { maxBytes: input.bytes })
  const found = sha256(body)
  if (found !== input.sha256) {
    throw new ProbeError(
      'digest-mismatch',
      `${input.url} has sha256 ${found}, not ${input.sha256}: it is not used`,
    )
  }
  await keepInput(inputs, body)
}

/** Safe to repeat: concurrent callers write the same bytes, and a crash leaves the complete object or none. */
export async function keepInput(
  inputs: Pick<Store, 'create'>,
  body: Uint8Array,
  keyOf = inputKey,
): Promise<string> {
  const digest = sha256(body)
  await inputs.create(keyOf(digest), body, { contentType: 'application/octet-stream', sha256: digest })
  return digest
}
