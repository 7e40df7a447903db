// Finds out who signed a file: an rpm, a signed text, or a file with a detached signature.

import { isCleartext, readCleartext } from './openpgp/cleartext.ts'
import { readSignatures } from './openpgp/signature.ts'
import {
  type Believed,
  check,
  checking,
  type Good,
  type Refused,
  refused,
  type Verification,
} from './openpgp/verify.ts'
import { isRpm } from './rpm/header.ts'
import { type SignedRpm, verifyRpm } from './rpm/verify.ts'

export type Signed = SignedRpm | Good

/** Judges a file that contains its own signature. @throws {ProbeError} `signature-invalid`: the file is corrupt. */
export function judge(file: Uint8Array, believed: Believed): Signed | Refused {
  if (isRpm(file)) return verifyRpm(file, believed)
  if (!isCleartext(file))
    return refused(
      'unsigned',
      'it is neither an rpm nor a signed text: name its signature file with --signature',
    )
  const { signed, signatures } = readCleartext(file)
  return check(signatures, [signed], believed)
}

/**
 * Judges a file with a detached signature, armored or not.
 * @throws {ProbeError} `signature-invalid`: `signature` is not a signature.
 */
export async function judgeDetached(
  chunks: AsyncIterable<Uint8Array>,
  signature: Uint8Array,
  believed: Believed,
): Promise<Verification> {
  const checked = checking(readSignatures(signature), believed)
  for await (const chunk of chunks) checked.update(chunk)
  return checked.end()
}
