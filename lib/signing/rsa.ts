// Makes plain RSA signatures with the registry's OpenPGP key, for tools that verify them with a PEM file.

import { createPrivateKey, sign } from 'node:crypto'
import { readPrivateKey } from 'openpgp'

/**
 * Signs by RSA PKCS #1 v1.5 with SHA-256; `undefined`: an operator installed another kind of key. A signature in one format is
 * never valid in the other: OpenPGP appends a trailer to the bytes (RFC 9580, section 5.2.4), and the registry's OpenPGP
 * signatures use SHA-512.
 */
export async function signPlain(armoredKey: string, body: Uint8Array): Promise<Uint8Array | undefined> {
  const { keyPacket } = await readPrivateKey({ armoredKey })
  const { n, e } = keyPacket.publicParams as Numbers
  const { d, p, q, u } = ('privateParams' in keyPacket ? keyPacket.privateParams : {}) as Numbers
  if (!(n && e && d && p && q && u)) return undefined
  return sign('sha256', body, createPrivateKey({ key: jwkOf(n, e, d, p, q, u), format: 'jwk' }))
}

type Numbers = Readonly<Partial<Record<'n' | 'e' | 'd' | 'p' | 'q' | 'u', Uint8Array>>>

/**
 * Swaps p and q, because OpenPGP stores the inverse of p mod q (RFC 9580, section 5.5.5.1), but JWK that of q mod p (RFC 7518,
 * section 6.3.2).
 */
const jwkOf = (...[n, e, d, p, q, u]: readonly [U, U, U, U, U, U]) => ({
  kty: 'RSA',
  ...{ n: text(n), e: text(e), d: text(d), p: text(q), q: text(p), qi: text(u) },
  ...{ dp: text(remainder(d, q)), dq: text(remainder(d, p)) },
})
type U = Uint8Array

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

const remainder = (exponent: Uint8Array, prime: Uint8Array): Uint8Array => {
  const hex = (numberOf(exponent) % (numberOf(prime) - 1n)).toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
}

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
