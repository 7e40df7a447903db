import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { config, generateKey, readKey } from 'openpgp'
import { afterAll, describe, expect, test } from 'vitest'
import { readCertificates, type SigningKey } from '../../../../lib/formats/openpgp/certificates.ts'
import { isProbeError } from '../../../../lib/model/errors.ts'
import { certificatesOf, keyFiles, vector, vectorPath } from '../../../support/archives.ts'

const KEYS = keyFiles()

test('the fixtures have key files of many distributions', () => {
  expect(KEYS.length).toBeGreaterThan(50)
})

test.each(KEYS)('reads every certificate of $file', ({ file, fingerprints }) => {
  expect(readCertificates(vector(file)).map(({ fingerprint }) => fingerprint)).toEqual(fingerprints)
})

const home = mkdtempSync(join(tmpdir(), 'gpg-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** Keys that may sign and the times when they expire, by `gpg --with-colons` (doc/DETAILS). */
function asGpgSays(file: string): string[] {
  const args = ['--homedir', home, '--no-options', '--with-colons', '--show-keys', vectorPath(file)]
  const { stdout } = spawnSync('gpg', args, { encoding: 'utf8' })
  const lines = stdout.split('\n').map((line) => line.split(':'))
  let primary = ''
  return lines.flatMap(([kind, validity, , , , , end = '', , , , , uses = ''], at) => {
    if (kind === 'pub') primary = end
    if ((kind !== 'pub' && kind !== 'sub') || !uses.includes('s') || validity === 'r') return []
    const [, , , , , , , , , fingerprint] = lines.slice(at).find(([next]) => next === 'fpr') ?? []
    // A subkey expires with its certificate.
    const ends = [end, primary].filter((one) => one !== '').sort()[0]
    return [`${fingerprint} ${ends ?? 'never'}`]
  })
}

const line = ({ fingerprint, ends }: SigningKey): string => `${fingerprint} ${ends ?? 'never'}`

/** gpg reads no key without a name. */
const BARE = 'keys/kernelorg-autosigner.asc'
test.each(KEYS.filter(({ file, fingerprints }) => file !== BARE && fingerprints.length > 0))(
  'finds the same signing keys and expiry days in $file as gpg',
  ({ file }) => {
    const own = readCertificates(vector(file)).flatMap(({ keys }) => keys)
    const lasting = own.filter(({ revoked }) => revoked === undefined)
    expect(lasting.map(line).sort()).toEqual(asGpgSays(file).sort())
  },
)

describe('a key', () => {
  test('that expired is still listed, with its expiry: its older signatures stay in use', () => {
    const [first, second] = certificatesOf('alma-8')
    expect(first?.keys.map(({ ends }) => ends && new Date(ends * 1000).toISOString().slice(0, 10))).toEqual([
      '2024-01-12',
    ])
    expect(second?.keys.map(({ ends }) => ends)).toEqual([undefined])
  })

  test('that is revoked without a reason of retirement counts as revoked from its creation', () => {
    expect(certificatesOf('test-rpm-alice-revoked-subkey').flatMap(({ keys }) => keys)).toMatchObject([
      { revoked: 0 },
    ])
  })

  test('needs no name and no signature: kernel.org publishes such a key', () => {
    expect(certificatesOf('kernelorg-autosigner')).toMatchObject([
      { userIds: [], keys: [{ ends: undefined }] },
    ])
  })

  test('of an unknown version is left out', () => {
    expect(certificatesOf('test-rpmrs-v6-ed25519')).toEqual([])
  })

  test.each([
    [undefined, 1],
    [86_400, 0],
  ])('with a self-signature that lasts %s seconds gives %s certificates', async (seconds, keys) => {
    const armored = await vouchedFor(seconds)
    expect(readCertificates(new TextEncoder().encode(armored))).toHaveLength(keys)
    const read = (await readKey({ armoredKey: armored })).verifyPrimaryKey()
    await (keys === 1
      ? expect(read).resolves.toBeUndefined()
      : expect(read).rejects.toThrow(/self-signature/))
  })

  test('with a self-signature that does not verify is left out', () => {
    const file = Buffer.from(vector('keys/alma-9.asc')).toString('latin1')
    const block = Buffer.from(
      file.replace(/[\s\S]*?\n\n/, '').replace(/\n=[\s\S]*|-----END[\s\S]*/, ''),
      'base64',
    )
    const name = block.indexOf('AlmaLinux')
    expect(readCertificates(block)).toHaveLength(1)
    block[name] = 'B'.charCodeAt(0)
    expect(readCertificates(block)).toEqual([])
  })
})

/** A key of 2020 with a self-signature that lasts `seconds`. */
async function vouchedFor(seconds: number | undefined): Promise<string> {
  const date = new Date('2020-01-01')
  const { privateKey } = await generateKey({
    ...{ type: 'ecc', curve: 'ed25519Legacy', userIDs: { name: 'Archive' }, date, format: 'object' },
  })
  const [user] = privateKey.users
  const signature = user!.selfCertifications[0]!
  signature.signatureNeverExpires = seconds === undefined
  signature.signatureExpirationTime = seconds ?? null
  // The types of `sign` are those of a signature over bytes.
  const sign = signature.sign.bind(signature) as unknown as (...args: readonly unknown[]) => Promise<void>
  const signed = { userID: user!.userID, key: privateKey.keyPacket }
  await sign(privateKey.keyPacket, signed, date, false, {
    ...config,
    nonDeterministicSignaturesViaNotation: false,
  })
  return privateKey.toPublic().armor()
}

test('random bytes are a key file or are refused with signature-invalid', () => {
  const real = vector('keys/redhat-8.asc')
  const damaged = fc
    .tuple(fc.nat(real.length - 1), fc.nat(255))
    .map(([at, byte]) => Buffer.concat([real.subarray(0, at), Buffer.of(byte), real.subarray(at + 1)]))
  const packets = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([Buffer.of(0x99), bytes]))
  fc.assert(
    fc.property(fc.oneof(damaged, packets, fc.uint8Array({ maxLength: 300 })), (bytes) => {
      try {
        readCertificates(bytes)
      } catch (error) {
        expect(isProbeError(error, 'signature-invalid')).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
})
