// Tests detached signatures over a stream of bytes: the signer, the signed bytes, and the state of the key when it signed.

import { createMessage, enums, readKey, reformatKey, revokeKey, sign } from 'openpgp'
import { beforeAll, describe, expect, test } from 'vitest'
import { readDetached, type SigningKey, throughSignature } from '../../../lib/archives/detached.ts'
import { KERNEL_ORG_KEYS } from '../../../lib/archives/keys/kernel-org.ts'
import { readCertificates } from '../../../lib/formats/openpgp/certificates.ts'
import { MADE, signer } from '../../support/kernel-org.ts'

const NOW = Date.parse('2026-06-01')
const URL = 'https://mirror.example/linux-6.1.54.tar.sign'
const bytes = (text: string) => new TextEncoder().encode(text)
const TAR = bytes('a tar'.repeat(100_000))

let by: Awaited<ReturnType<typeof signer>>
let another: typeof by
beforeAll(async () => {
  ;[by, another] = await Promise.all([signer(), signer('Somebody Else')])
})

async function* pieces(body: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += 7000) yield body.slice(at, at + 7000)
}

async function whole(passing: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of passing) chunks.push(chunk)
  return Buffer.concat(chunks)
}

interface Case {
  readonly keys?: readonly SigningKey[]
  readonly now?: number
  readonly body?: Uint8Array
}
async function checked(signature: string, { keys = [by.key], now = NOW, body = TAR }: Case = {}) {
  return throughSignature(await readDetached(bytes(signature), keys, URL), now, pieces(body), whole)
}

const refused = (message: RegExp) => ({ code: 'signature-invalid', message: expect.stringMatching(message) })

describe('a detached signature', () => {
  test('lets the signed bytes pass unchanged', async () => {
    expect((await checked(await by.sign(TAR))).equals(TAR)).toBe(true)
  })

  test('is refused for other bytes, and the error names its signer and its day', async () => {
    const signature = await by.sign(TAR)
    for (const body of [TAR.subarray(1), bytes(''), TAR.with(70_000, 0)])
      await expect(checked(signature, { body })).rejects.toMatchObject(
        refused(new RegExp(`of 2026-01-01 by ${by.key.fingerprint} \\(Stable Releases.*\\) does not hold`)),
      )
  })

  test('by an untrusted key is refused, and the error names a trusted key', async () => {
    const signature = await another.sign(TAR)
    await expect(checked(signature)).rejects.toMatchObject(
      refused(new RegExp(`it is by ${another.key.fingerprint.slice(-16)}, .*${by.key.fingerprint}`)),
    )
    expect((await checked(signature, { keys: [by.key, another.key] })).length).toBe(TAR.length)
  })

  test('is refused if its key does not have the configured fingerprint', async () => {
    const keys = [{ fingerprint: by.key.fingerprint, armored: another.key.armored }]
    await expect(checked(await another.sign(TAR), { keys })).rejects.toMatchObject({
      code: 'misconfigured',
      message: `the key that is to be ${by.key.fingerprint} is ${another.key.fingerprint}: it is not believed`,
    })
  })

  test('is judged by its own time: a key that expired later is accepted', async () => {
    const { publicKey } = await reformatKey({
      privateKey: by.secret,
      userIDs: { name: 'Stable Releases' },
      keyExpirationTime: 366 * 86_400,
      date: MADE,
      format: 'object',
    })
    const keys = [{ ...by.key, armored: publicKey.armor() }]
    expect((await checked(await by.sign(TAR, new Date('2020-06-01')), { keys })).length).toBe(TAR.length)
    await expect(checked(await by.sign(TAR, new Date('2022-06-01')), { keys })).rejects.toMatchObject(
      refused(new RegExp(`of 2022-06-01 by ${by.key.fingerprint} .*expired`)),
    )
  })

  test('by a revoked key is refused, and the error names the key', async () => {
    const { publicKey } = await revokeKey({
      key: by.secret,
      reasonForRevocation: { flag: enums.reasonForRevocation.keyCompromised, string: 'stolen' },
      date: new Date('2026-03-01'),
      format: 'object',
    })
    const keys = [{ ...by.key, armored: publicKey.armor() }]
    await expect(checked(await by.sign(TAR), { keys })).rejects.toMatchObject(
      refused(new RegExp(`by ${by.key.fingerprint} .*revoked`)),
    )
  })

  test('from the future is refused', async () => {
    await expect(checked(await by.sign(TAR), { now: Date.parse('2025-12-01') })).rejects.toMatchObject(
      refused(/future/),
    )
  })

  test('over a text is refused for a file', async () => {
    const message = await createMessage({ text: 'a text\n' })
    const signature = await sign({ message, signingKeys: by.secret, detached: true })
    await expect(checked(signature, { body: bytes('a text\n') })).rejects.toMatchObject(
      refused(/not the signature of a file/),
    )
  })

  test.each([
    ['an error page', '<html>Service temporarily unavailable</html>'],
    ['an empty file', ''],
    ['a key', undefined],
  ])('cannot be %s: the error is mirror-unreachable, since the server may recover', async (_, body) => {
    await expect(checked(body ?? by.key.armored)).rejects.toMatchObject({
      code: 'mirror-unreachable',
      message: expect.stringContaining(`${URL} does not answer with an OpenPGP signature`),
    })
  })

  test('is refused as mirror-unreachable if it is cut in half', async () => {
    const signature = await by.sign(TAR)
    await expect(checked(signature.slice(0, signature.length / 2))).rejects.toMatchObject({
      code: 'mirror-unreachable',
    })
  })

  test('passes on an error of the stream', async () => {
    async function* broken() {
      yield TAR.subarray(0, 100)
      throw new Error('cut off')
    }
    const signature = await readDetached(bytes(await by.sign(TAR)), [by.key], URL)
    await expect(throughSignature(signature, NOW, broken(), whole)).rejects.toThrow('cut off')
  })
})

describe('the keys of kernel.org', () => {
  test.each(KERNEL_ORG_KEYS)('have their listed fingerprints and can sign: $fingerprint', async (key) => {
    const read = await readKey({ armoredKey: key.armored })
    expect(read.getFingerprint().toUpperCase()).toBe(key.fingerprint)
    for (const date of ['2013-01-01', '2020-01-01', '2026-11-01'])
      await expect(read.getSigningKey(undefined, new Date(date))).resolves.toBeDefined()
    const [own] = readCertificates(bytes(key.armored)).flatMap(({ keys }) => keys)
    expect(own).toMatchObject({ fingerprint: key.fingerprint, ends: undefined, revoked: undefined })
  })

  test('are the four that kernel.org names', () => {
    expect(KERNEL_ORG_KEYS.map(({ fingerprint }) => fingerprint)).toEqual([
      'ABAF11C65A2970B130ABE3C479BE3E4300411886',
      '647F28654894E3BD457199BE38DBBDC86092693E',
      'E27E5D8A3403A2EF66873BBCDEA66FF797772CDC',
      'AC2B29BD34A6AFDDB3F68F35E7BFC8EC95861109',
    ])
  })
})
