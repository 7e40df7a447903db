// Stores submitted files in the inputs bucket, each under its sha256, until the bucket's lifecycle deletes them.

import { type Stored, sha256 } from '../model/digest.ts'
import { ProbeError } from '../model/errors.ts'
import { submittedKey } from '../model/keys.ts'
import type { Store } from '../model/ports.ts'
import { orSubmit } from '../model/way-out.ts'
import { keepInput } from './inputs.ts'

/** Safe to repeat, like `keepInput`. */
export const keepSubmitted = (inputs: Pick<Store, 'create'>, body: Uint8Array): Promise<string> =>
  keepInput(inputs, body, submittedKey)

/** For a recorded kernel: stores a file again only if the lifecycle has deleted it. */
export async function keepAgain(inputs: Pick<Store, 'size' | 'create'>, body: Uint8Array): Promise<void> {
  if ((await inputs.size(submittedKey(sha256(body)))) === undefined) await keepSubmitted(inputs, body)
}

/** @throws {ProbeError} `unknown-config`: the file has been deleted. */
export async function checkKept(inputs: Pick<Store, 'size'>, { sha256: digest }: Stored): Promise<void> {
  if ((await inputs.size(submittedKey(digest))) !== undefined) return
  throw new ProbeError(
    'unknown-config',
    orSubmit('The files of this kernel are kept for some months only, and are gone: submit it again'),
  )
}
