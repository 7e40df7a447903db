// Maps OpenPGP's numbers of algorithms (RFC 9580, section 9) to Node's functions that verify signatures.

import { createHash, createPublicKey, createVerify, type Hash, type KeyObject, verify } from 'node:crypto'
import type { Reader } from './reader.ts'
import type { Signature } from './signature.ts'

/** Without MD5, which is broken. With SHA-1 for old packages: it is safe if only the signer chose the text. */
const HASHES: Readonly<Record<number, string>> = {
  2: 'sha1',
  8: 'sha256',
  9: 'sha384',
  10: 'sha512',
  11: 'sha224',
  12: 'sha3-256',
  14: 'sha3-512',
}

const NAMES: Readonly<Record<number, string>> = {
  1: 'RSA',
  3: 'RSA',
  17: 'DSA',
  19: 'ECDSA',
  22: 'EdDSA',
  27: 'Ed25519',
}

export const algorithmName = (algorithm: number, hash: number): string =>
  `${NAMES[algorithm] ?? `algorithm ${algorithm}`} with ${(HASHES[hash] ?? `hash ${hash}`).toUpperCase()}`

/** Why the registry cannot verify such a signature; `undefined`: it can. */
export function notVerified(algorithm: number, hash: number): string | undefined {
  if (NAMES[algorithm] === undefined) return `its algorithm ${algorithm} is not supported`
  if (hash === 1) return 'MD5 is broken'
  return HASHES[hash] === undefined ? `its hash ${hash} is not supported` : undefined
}

/** A public key that can verify. */
export interface Material {
  readonly algorithm: number
  readonly key: KeyObject
  /** bytes of each number in its signatures: the size of the modulus, the subgroup or the curve */
  readonly width: number
}

/** An attacker with enough money can break shorter keys. */
const MIN_RSA_BITS = 2047

/** Why no signature of today may use this hash or these keys; `undefined`: it may. */
export function outdated(hash: number, ...keys: readonly Material[]): string | undefined {
  if (hash === 2) return 'SHA-1 is broken for whoever can choose a part of the text'
  const weak = keys.find(({ algorithm, key }) => algorithm === 17 || bitsOf(key) < MIN_RSA_BITS)
  if (weak === undefined) return undefined
  return weak.algorithm === 17
    ? 'DSA keys are too weak'
    : `an RSA key of ${bitsOf(weak.key)} bits is too weak`
}

/** Bits of the modulus; `Infinity`: a key without a modulus. */
const bitsOf = (key: KeyObject): number => key.asymmetricKeyDetails?.modulusLength ?? Infinity

/** Curves by object identifier: RFC 9580, section 9.2. */
const CURVES: Readonly<Record<string, { readonly name: string; readonly width: number }>> = {
  '2a8648ce3d030107': { name: 'P-256', width: 32 },
  '2b81040022': { name: 'P-384', width: 48 },
  '2b81040023': { name: 'P-521', width: 66 },
}
const ED25519 = '2b06010401da470f01'

/** Reads a public key's numbers: RFC 9580, section 5.5.5. `undefined`: its algorithm cannot sign, or is not supported. */
export function readMaterial(algorithm: number, reader: Reader): Material | undefined {
  switch (algorithm) {
    case 1:
    case 3: {
      const [n, e] = [reader.mpi(), reader.mpi()]
      return { algorithm: 1, key: jwk({ kty: 'RSA', n: base64url(n), e: base64url(e) }), width: n.length }
    }
    case 17:
      return dsa(reader)
    case 19:
      return ecdsa(reader)
    case 22:
      return eddsa(reader)
    case 27:
      return ed25519(27, reader.bytes(32))
    default:
      return undefined
  }
}

function dsa(reader: Reader): Material {
  const [p, q, g, y] = [reader.mpi(), reader.mpi(), reader.mpi(), reader.mpi()]
  const parameters = der(0x30, [integer(p), integer(q), integer(g)])
  const algorithm = der(0x30, [der(0x06, [Buffer.from('2a8648ce380401', 'hex')]), parameters])
  // RFC 3279, section 2.3.2. The first byte of a bit string is the number of unused bits at its end.
  const key = createPublicKey({
    key: Buffer.from(der(0x30, [algorithm, der(0x03, [Buffer.of(0), integer(y)])])),
    format: 'der',
    type: 'spki',
  })
  return { algorithm: 17, key, width: q.length }
}

function ecdsa(reader: Reader): Material | undefined {
  const curve = CURVES[hex(reader.bytes(reader.u8()))]
  const point = reader.mpi()
  if (curve === undefined) return undefined
  const { name, width } = curve
  if (point[0] !== 4 || point.length !== 1 + 2 * width) return undefined
  const [x, y] = [point.subarray(1, 1 + width), point.subarray(1 + width)]
  return { algorithm: 19, key: jwk({ kty: 'EC', crv: name, x: base64url(x), y: base64url(y) }), width }
}

function eddsa(reader: Reader): Material | undefined {
  const oid = hex(reader.bytes(reader.u8()))
  const point = reader.mpi()
  return oid === ED25519 && point[0] === 0x40 && point.length === 33
    ? ed25519(22, point.subarray(1))
    : undefined
}

const ed25519 = (algorithm: number, x: Uint8Array): Material => ({
  algorithm,
  key: jwk({ kty: 'OKP', crv: 'Ed25519', x: base64url(x) }),
  width: 32,
})

const jwk = (key: import('node:crypto').JsonWebKey): KeyObject => createPublicKey({ key, format: 'jwk' })

/** Reads a signature's numbers: RFC 9580, section 5.2.3. `undefined`: its algorithm is not supported. */
export function readNumbers(algorithm: number, reader: Reader): readonly Uint8Array[] | undefined {
  switch (algorithm) {
    case 1:
    case 3:
      return [reader.mpi()]
    case 17:
    case 19:
    case 22:
      return [reader.mpi(), reader.mpi()]
    case 27:
      return [reader.bytes(32), reader.bytes(32)]
    default:
      return undefined
  }
}

/** Checks one signature over data that arrive piece by piece. */
export interface Check {
  update(bytes: Uint8Array): void
  /** True if that key signed exactly these data. */
  holds(): boolean
}

/** `undefined`: the signature's algorithm differs from the key's. */
export function checkBy(
  material: Material,
  { algorithm, hash, numbers }: Pick<Signature, 'algorithm' | 'hash' | 'numbers'>,
): Check | undefined {
  const name = HASHES[hash]
  const isOfKey = material.algorithm === (algorithm === 3 ? 1 : algorithm)
  if (!isOfKey || name === undefined || numbers.some((number) => number.length > material.width))
    return undefined
  const value = Buffer.concat(numbers.map((number) => padded(number, material.width)))
  return algorithm === 22 || algorithm === 27
    ? edwards(createHash(name), material.key, value)
    : usual(name, material.key, value)
}

/** In OpenPGP, the message that EdDSA signs is the digest of the data. */
const edwards = (digest: Hash, key: KeyObject, value: Uint8Array): Check => ({
  update: (bytes) => void digest.update(bytes),
  holds: () => verify(null, digest.digest(), key, value),
})

function usual(hash: string, key: KeyObject, value: Uint8Array): Check {
  const verifier = createVerify(hash)
  return {
    update: (bytes) => void verifier.update(bytes),
    holds: () => verifier.verify({ key, dsaEncoding: 'ieee-p1363' }, value),
  }
}

const padded = (bytes: Uint8Array, width: number): Uint8Array =>
  Buffer.concat([new Uint8Array(width - bytes.length), bytes])

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** Encodes one element of DER. */
function der(tag: number, parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts)
  const [high, low] = [body.length >> 8, body.length & 255]
  const size = body.length < 128 ? [low] : high === 0 ? [0x81, low] : [0x82, high, low]
  return Buffer.concat([Buffer.of(tag, ...size), body])
}

/** Prepends a zero byte if the first bit is set, because DER would read the number as negative. */
const integer = (value: Uint8Array): Uint8Array =>
  der(0x02, [(value[0] ?? 0) >= 128 ? Buffer.concat([Buffer.of(0), value]) : value])
