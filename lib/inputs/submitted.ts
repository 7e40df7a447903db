// What hosts sent of their kernels, in the inputs bucket: each under its sha256, for as long as the bucket's lifecycle keeps it.

import { type Stored, sha256 } from '../model/digest.ts'
import { ProbeError } from '../model/errors.ts'
import { submittedKey } from '../model/keys.ts'
import type { Store } from '../model/ports.ts'
import { orSubmit } from '../model/way-out.ts'

/** Under its digest; two callers at once write the same bytes, and a crash leaves the whole object or none. */
export async function keepSubmitted(inputs: Pick<Store, 'create'>, body: Uint8Array): Promise<void> {
  const digest = sha256(body)
  await inputs.create(submittedKey(digest), body, {
    contentType: 'application/octet-stream',
    sha256: digest,
  })
}

/** The same of a kernel that is on record: what its lifecycle took is there again, and what is there is not written. */
export async function keepAgain(inputs: Pick<Store, 'size' | 'create'>, body: Uint8Array): Promise<void> {
  if ((await inputs.size(submittedKey(sha256(body)))) === undefined) await keepSubmitted(inputs, body)
}

/** @throws {ProbeError} `unknown-config` where it is gone. */
export async function checkKept(inputs: Pick<Store, 'size'>, { sha256: digest }: Stored): Promise<void> {
  if ((await inputs.size(submittedKey(digest))) !== undefined) return
  throw new ProbeError(
    'unknown-config',
    orSubmit(
      'What this kernel was submitted with is kept for some months only, and is gone: submit it again',
    ),
  )
}
