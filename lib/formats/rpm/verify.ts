// Verifies the signatures and digests of an rpm. Do this before you unpack anything from it.

import { createHash } from 'node:crypto'
import { printable } from '../../model/text.ts'
import { type Signature, signaturesOf } from '../openpgp/signature.ts'
import {
  type Believed,
  check,
  type Good,
  type Refused,
  refused,
  type Verification,
} from '../openpgp/verify.ts'
import { type Header, type RpmFile, readRpm, SIGNATURE_TAGS, TAGS } from './header.ts'

export interface SignedRpm {
  readonly tag: 'signed'
  readonly by: Good
  readonly identity: ReturnType<typeof identityOf>
  /** empty: the file ends with its header, and only the header was verified */
  readonly payload: Uint8Array
}

/**
 * All present digests and signatures must be right, and at least one signature must be by a trusted key. A signature must cover
 * the payload, either directly or by the payload's digest in the signed header.
 * @throws {ProbeError} `signature-invalid`: it is not an rpm.
 */
export function verifyRpm(file: Uint8Array, believed: Believed): SignedRpm | Refused {
  const rpm = readRpm(file)
  const { header, payload } = rpm
  const ofBoth = payload.length > 0 ? verified(rpm, OF_BOTH, [header.blob, payload], believed) : []
  const verifications = [...verified(rpm, OF_HEADER, [header.blob], believed), ...ofBoth]
  const refusal = verifications.find((one) => one.tag === 'refused') ?? brokenDigest(rpm)
  if (refusal !== undefined) return refusal
  const [by] = verifications.filter((one) => one.tag === 'good')
  if (by === undefined) return unsigned(rpm)
  // Without a signature over header and payload, the digest in the signed header must cover the payload.
  const loose = rpm.signature.has(SIGNATURE_TAGS.pgp, SIGNATURE_TAGS.gpg) ? undefined : loosePayload(rpm)
  return loose ?? signed(rpm, by)
}

const OF_HEADER = [SIGNATURE_TAGS.rsa, SIGNATURE_TAGS.dsa, SIGNATURE_TAGS.openpgp]
/** Signatures of rpm 3. In packages of 2017 and before, nothing else covers the payload. */
const OF_BOTH = [SIGNATURE_TAGS.pgp, SIGNATURE_TAGS.gpg]

/** Empty: the file has no signature under these tags. */
const verified = (
  { signature }: RpmFile,
  tags: readonly number[],
  pieces: readonly Uint8Array[],
  believed: Believed,
): Verification[] => (signature.has(...tags) ? [check(signaturesIn(signature, tags), pieces, believed)] : [])

/** Each tag contains one signature. Only rpm 6's tag `openpgp` contains a list of signatures, in base64. */
const signaturesIn = (signature: Header, tags: readonly number[]): Signature[] =>
  tags
    .flatMap((tag) =>
      tag === SIGNATURE_TAGS.openpgp
        ? signature.strings(tag).map((text) => Buffer.from(text, 'base64'))
        : [signature.bytes(tag) ?? new Uint8Array()],
    )
    .flatMap(signaturesOf)

/** A digest alone does not prove who made the file, but a wrong one proves that the file was changed. */
function brokenDigest({ signature, header, payload }: RpmFile): Refused | undefined {
  const said = [
    ['SHA-1', signature.string(SIGNATURE_TAGS.sha1), () => hexOf('sha1', header.blob)],
    ['SHA-256', signature.string(SIGNATURE_TAGS.sha256), () => hexOf('sha256', header.blob)],
    [
      'MD5 of header and payload',
      payload.length === 0 ? undefined : hex(signature.bytes(SIGNATURE_TAGS.md5)),
      () => hexOf('md5', header.blob, payload),
    ],
  ] as const
  // Older packages have no other digest of the payload.
  const md5Missing =
    payload.length > 0 && !signature.has(SIGNATURE_TAGS.md5) && !header.has(TAGS.payloadDigest)
  if (md5Missing) return notTheBytes('it has no digest of its payload')
  const wrong = said.find(([, found, expected]) => found !== undefined && found !== expected())
  return wrong && notTheBytes(`it does not have the ${wrong[0]} that its header names`)
}

const hexOf = (hash: string, ...pieces: readonly Uint8Array[]): string =>
  pieces.reduce((digest, piece) => digest.update(piece), createHash(hash)).digest('hex')

const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('hex')

/** Algorithm by the length of the digest, because the tag that names the algorithm is newer than the digest. */
const PAYLOAD_HASHES: Readonly<Record<number, string>> = { 64: 'sha256', 96: 'sha384', 128: 'sha512' }

function loosePayload({ header, payload }: RpmFile): Refused | undefined {
  if (payload.length === 0) return undefined
  const said = header.string(TAGS.payloadDigest)
  const hash = PAYLOAD_HASHES[said?.length ?? 0]
  if (said === undefined || hash === undefined) return refused('unsigned', 'no signature covers its payload')
  return hexOf(hash, payload) === said
    ? undefined
    : notTheBytes('its payload does not match its signed header')
}

const notTheBytes = (why: string): Refused => refused('not-the-bytes', why)

const unsigned = ({ payload }: RpmFile): Refused =>
  refused(
    'unsigned',
    payload.length === 0 ? 'it ends with its header, which has no signature of its own' : 'it is not signed',
  )

function signed({ header, payload }: RpmFile, by: Good): SignedRpm | Refused {
  const format = header.string(TAGS.payloadFormat) ?? 'cpio'
  if (format !== 'cpio')
    return refused('unknown-kind', `its payload is ${printable(format, 20)}, not a cpio archive`)
  return { tag: 'signed', by, identity: identityOf(header), payload }
}

/** `header`: the signed one. */
const identityOf = (header: Header) => {
  const text = (tag: number): string => printable(header.string(tag) ?? '', 200)
  return {
    name: text(TAGS.name),
    epoch: header.number(TAGS.epoch) ?? 0,
    version: text(TAGS.version),
    release: text(TAGS.release),
    arch: text(TAGS.arch),
    /** true for a source package; its `arch` may be any architecture */
    isSource: header.string(TAGS.sourceRpm) === undefined,
  }
}
