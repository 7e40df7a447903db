// The registry's one key, without OpenPGP around it: for those who verify a plain RSA signature by a PEM file.

import { createPrivateKey, sign } from 'node:crypto'
import { readPrivateKey } from 'openpgp'

/**
 * RSA PKCS #1 v1.5 over SHA-256; `undefined` by a key that is no RSA key, which an operator has put there. No signature of
 * the one kind can be shown as one of the other: what OpenPGP signs ends in bytes that no text has (RFC 9580, section 5.2.4),
 * and the registry signs it over SHA-512.
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
 * OpenPGP keeps the inverse of p by q (RFC 9580, section 5.5.5.1), JWK that of q by p (RFC 7518, section 6.3.2): so the two
 * change places.
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
