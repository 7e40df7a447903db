// Verifies that a trusted key signed some bytes. Judges each key as of the time when the signature was made.
// Hand-written: openpgp 6.3.2 refuses signatures of version 3, which more than half of the signed packages have.

import { algorithmName, type Check, checkBy, notVerified, outdated } from './algorithms.ts'
import type { Certificate, SigningKey } from './certificates.ts'
import { type Signature, TYPES } from './signature.ts'

export interface Signer {
  /** fingerprint of the key that signed: hex, upper case */
  readonly fingerprint: string
  /** fingerprint of its certificate's primary key */
  readonly certificate: string
  /** first user id of the certificate; empty: it has none */
  readonly userId: string
}

export interface Good {
  readonly tag: 'good'
  readonly signer: Signer
  /** seconds since 1970 */
  readonly made: number
  /** human-readable: the algorithms, and the version of the signature packet */
  readonly how: string
  /** end or revocation of its key, in seconds since 1970; `undefined`: neither is known */
  readonly ended: number | undefined
}

export interface Refused {
  readonly tag: 'refused'
  readonly reason:
    | 'unsigned'
    | 'unknown-key'
    /** the signature or its key was not valid yet, or not valid any more */
    | 'untimely'
    | 'not-the-bytes'
    /** the signature's kind is not supported, or proves nothing */
    | 'unknown-kind'
  /** a part of a sentence, for messages */
  readonly why: string
}

export type Verification = Good | Refused

/** Verifies data that arrive piece by piece. `end` returns the result after the last piece. */
interface Checking {
  update(bytes: Uint8Array): void
  end(): Verification
}

export interface Believed {
  readonly certificates: readonly Certificate[]
  /** milliseconds since 1970 */
  readonly now: number
  /**
   * `true` is for files that are signed often, such as lists: refuses outdated algorithms (`outdated`) and signatures from the
   * future. Packages are signed only once, some of them twenty years ago, and need `false`.
   */
  readonly strict?: boolean
}

/** Limit of signatures, because each one hashes all of the data. */
const MOST_CHECKED = 8
/** Seconds that a package's signature may be in the future, because clocks differ. */
const MAX_AHEAD = 24 * 3600

/** One good signature is enough, because archives sign with both their old key and their new one. */
export function checking(signatures: readonly Signature[], believed: Believed): Checking {
  const judged = signatures.slice(0, MOST_CHECKED).map((signature) => judge(signature, believed))
  const open = judged.filter((one) => one.tag === 'open')
  return {
    update: (bytes) => {
      for (const { update } of open) update(bytes)
    },
    end: () => {
      const verifications = judged.map((one) => (one.tag === 'open' ? one.end() : one))
      return verifications.find(({ tag }) => tag === 'good') ?? worst(verifications) ?? NONE
    },
  }
}

/** `checking` for data that are complete. */
export function check(
  signatures: readonly Signature[],
  pieces: readonly Uint8Array[],
  believed: Believed,
): Verification {
  const open = checking(signatures, believed)
  for (const piece of pieces) open.update(piece)
  return open.end()
}

export const refused = (reason: Refused['reason'], why: string): Refused => ({ tag: 'refused', reason, why })
const NONE = refused('unsigned', 'it has no signature of a supported form')

/** The refusal to report: one about a trusted key goes before those about unknown keys. */
const worst = (verifications: readonly Verification[]): Refused | undefined => {
  const refusals = verifications.filter((verification) => verification.tag === 'refused')
  return refusals.find(({ reason }) => reason !== 'unknown-key') ?? refusals[0]
}

type Open = Checking & { readonly tag: 'open' }

function judge(signature: Signature, { certificates, now, strict = false }: Believed): Open | Refused {
  const { type, algorithm, hash, issuer } = signature
  if (type !== TYPES.binary && type !== TYPES.text)
    return refused('unknown-kind', 'it is not the signature of a file')
  const unable = notVerified(algorithm, hash)
  if (unable !== undefined) return refused('unknown-kind', unable)
  const found = certificates.flatMap((certificate) =>
    certificate.keys
      .filter(({ fingerprint }) => issuer !== undefined && fingerprint.endsWith(issuer))
      .map((key) => ({ key, certificate })),
  )[0]
  if (found === undefined)
    return refused(
      'unknown-key',
      `it is by the key ${issuer ?? '(it does not say which)'}, which is not a believed key`,
    )
  const { key, certificate } = found
  const weak = strict ? outdated(hash, certificate.material, key.material) : undefined
  if (weak !== undefined) return refused('unknown-kind', `it is by the key ${key.fingerprint}, and ${weak}`)
  const why = untimely(signature, key, now / 1000, strict ? 0 : MAX_AHEAD)
  if (why !== undefined) return refused('untimely', why)
  const checked = checkBy(key.material, signature)
  if (checked === undefined)
    return refused('unknown-kind', `it is not of the algorithm of the key ${key.fingerprint}`)
  return open(signature, checked, found)
}

function open(
  signature: Signature,
  checked: Check,
  { key, certificate }: { readonly key: SigningKey; readonly certificate: Certificate },
): Open {
  const pass = signature.type === TYPES.text ? asText(checked.update) : checked.update
  const { algorithm, hash, version, trailer, created: made } = signature
  return {
    tag: 'open',
    update: pass,
    end: () => {
      checked.update(trailer)
      if (!checked.holds())
        return refused(
          'not-the-bytes',
          `these are not the bytes that the key ${key.fingerprint} signed on ${day(made)}`,
        )
      const { fingerprint, ends, revoked } = key
      const { fingerprint: primary, userIds } = certificate
      const signer = { fingerprint, certificate: primary, userId: userIds[0] ?? '' }
      const how = `${algorithmName(algorithm, hash)}, version ${version}`
      return { tag: 'good', signer, made, how, ended: revoked ?? ends }
    },
  }
}

/**
 * The reason why the signature does not count, before any data are checked. Compares the key's end and revocation with the
 * signature's own time, so that older signatures stay valid.
 */
function untimely(signature: Signature, key: SigningKey, now: number, maxAhead: number): string | undefined {
  const { created: made, ends, unknownCritical } = signature
  const { fingerprint, created, ends: keyEnds, revoked } = key
  if (unknownCritical) return 'it has a critical part that is not supported here'
  if (made > now + maxAhead) return `it is of ${day(made)}, which is in the future: is the clock right?`
  if (ends !== undefined && ends <= now) return `it ended on ${day(ends)}`
  if (made < created)
    return `it is of ${day(made)}, before its key ${fingerprint} was made on ${day(created)}`
  if (keyEnds !== undefined && made >= keyEnds)
    return `the key ${fingerprint} had expired on ${day(keyEnds)} when it signed on ${day(made)}`
  if (revoked !== undefined && made >= revoked)
    return revoked === 0
      ? `the key ${fingerprint} is revoked: others may have it`
      : `the key ${fingerprint} was revoked on ${day(revoked)}, before it signed on ${day(made)}`
  return undefined
}

const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10)

const [LF, CR] = [10, 13]

/** Converts line ends to CR LF, as a signature of type text hashes them: RFC 9580, section 5.2.1.2. */
function asText(update: (bytes: Uint8Array) => void): (bytes: Uint8Array) => void {
  let last = 0
  return (bytes) => {
    let from = 0
    bytes.forEach((byte, at) => {
      if (byte === LF && last !== CR) {
        update(bytes.subarray(from, at))
        update(Buffer.of(CR, LF))
        from = at + 1
      }
      last = byte
    })
    update(bytes.subarray(from))
  }
}
