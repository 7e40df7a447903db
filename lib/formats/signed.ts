// Who signed a file, whichever form its signature has: an rpm, a text with its signature around it, or one beside it.

import { unarmor } from './openpgp/armor.ts'
import { isCleartext, readCleartext } from './openpgp/cleartext.ts'
import { signaturesOf } from './openpgp/signature.ts'
import {
  type Believed,
  check,
  checking,
  type Good,
  type Refused,
  type Verification,
} from './openpgp/verify.ts'
import { isRpm } from './rpm/header.ts'
import { type SignedRpm, verifyRpm } from './rpm/verify.ts'

export type Signed = SignedRpm | Good

/** A file that holds its own signature. ProbeError `signature-invalid` for one that is none of them, or broken. */
export function judge(file: Uint8Array, believed: Believed): Signed | Refused {
  if (isRpm(file)) return verifyRpm(file, believed)
  if (!isCleartext(file)) return ALONE
  const { signed, signatures } = readCleartext(file)
  return check(signatures, [signed], believed)
}

const ALONE: Refused = {
  tag: 'refused',
  reason: 'unsigned',
  why: 'it is no rpm, and no text with a signature around it: its signature is a file of its own: give it by --signature',
}

/** A file whose signature lies beside it, armored or not. ProbeError `signature-invalid` for a signature that is none. */
export async function judgeDetached(
  chunks: AsyncIterable<Uint8Array>,
  signature: Uint8Array,
  believed: Believed,
): Promise<Verification> {
  const checked = checking(unarmor(signature, 'signature').flatMap(signaturesOf), believed)
  for await (const chunk of chunks) checked.update(chunk)
  return checked.end()
}
