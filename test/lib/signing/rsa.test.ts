import { createPublicKey, verify } from 'node:crypto'
import { generateKey } from 'openpgp'
import { expect, test } from 'vitest'
import { pemOf } from '../../../lib/formats/openpgp/pem.ts'
import { generateSigningKey } from '../../../lib/signing/key.ts'
import { signPlain } from '../../../lib/signing/rsa.ts'

const USER = { name: 'Probe registry', email: 'probes@example.org' }
const BODY = Buffer.from('what is signed')

test('a plain signature of the OpenPGP key verifies with the PEM of its public key, and is deterministic', async () => {
  const key = await generateSigningKey(USER, Date.now)
  const pem = pemOf(Buffer.from(key.publicKey))!
  expect(createPublicKey(pem).asymmetricKeyDetails).toMatchObject({ modulusLength: 4096 })
  const signature = (await signPlain(key.privateKey, BODY))!
  expect(verify('sha256', BODY, pem, signature)).toBe(true)
  expect(verify('sha256', Buffer.from('something else'), pem, signature)).toBe(false)
  expect(await signPlain(key.privateKey, BODY)).toEqual(signature)
})

test('a 2,048-bit key of an operator signs too', async () => {
  for (let tries = 0; tries < 4; tries += 1) {
    const { privateKey, publicKey } = await generateKey({
      type: 'rsa',
      rsaBits: 2048,
      userIDs: [USER],
      format: 'armored',
    })
    const pem = pemOf(Buffer.from(publicKey))!
    expect(verify('sha256', BODY, pem, (await signPlain(privateKey, BODY))!)).toBe(true)
  }
})

test('a key that is not an RSA key has no PEM and makes no plain signature', async () => {
  const { privateKey, publicKey } = await generateKey({ type: 'ecc', userIDs: [USER], format: 'armored' })
  expect(pemOf(Buffer.from(publicKey))).toBeUndefined()
  expect(await signPlain(privateKey, BODY)).toBeUndefined()
})

test.each(['', 'no key', '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!\n-----END PGP PUBLIC KEY BLOCK-----'])(
  'a text that is not a key has no PEM: %j',
  (text) => {
    expect(() => pemOf(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'signature-invalid' }))
  },
)
