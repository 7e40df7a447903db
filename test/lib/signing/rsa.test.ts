import { createPublicKey, verify } from 'node:crypto'
import { generateKey } from 'openpgp'
import { expect, test } from 'vitest'
import { pemOf } from '../../../lib/formats/openpgp/pem.ts'
import { generateSigningKey } from '../../../lib/signing/key.ts'
import { signPlain } from '../../../lib/signing/rsa.ts'

const USER = { name: 'Probe registry', email: 'probes@example.org' }
const BODY = Buffer.from('what is signed')

test('what the OpenPGP key signs plainly is verified by the PEM of its public half, and is the same each time', async () => {
  const key = await generateSigningKey(USER, Date.now)
  const pem = pemOf(Buffer.from(key.publicKey))!
  expect(createPublicKey(pem).asymmetricKeyDetails).toMatchObject({ modulusLength: 4096 })
  const signature = (await signPlain(key.privateKey, BODY))!
  expect(verify('sha256', BODY, pem, signature)).toBe(true)
  expect(verify('sha256', Buffer.from('something else'), pem, signature)).toBe(false)
  expect(await signPlain(key.privateKey, BODY)).toEqual(signature)
})

test('keys of any size that an operator has given sign as well', async () => {
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

test('a key that is no RSA key has no PEM, and signs nothing plainly', async () => {
  const { privateKey, publicKey } = await generateKey({ type: 'ecc', userIDs: [USER], format: 'armored' })
  expect(pemOf(Buffer.from(publicKey))).toBeUndefined()
  expect(await signPlain(privateKey, BODY)).toBeUndefined()
})

test.each(['', 'no key', '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!\n-----END PGP PUBLIC KEY BLOCK-----'])(
  'what is no key has no PEM: %j',
  (text) => {
    expect(() => pemOf(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'signature-invalid' }))
  },
)
