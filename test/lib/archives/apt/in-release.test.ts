import { createCleartextMessage, generateKey, sign } from 'openpgp'
import { beforeAll, describe, expect, test } from 'vitest'
import { fetchRelease } from '../../../../lib/archives/apt/in-release.ts'
import type { Suite } from '../../../../lib/archives/apt/suite.ts'
import { DEBIAN_KEYRING } from '../../../../lib/archives/keys/debian.ts'
import { PROXMOX_KEYS } from '../../../../lib/archives/keys/proxmox.ts'
import { RASPBERRYPI_KEYS } from '../../../../lib/archives/keys/raspberrypi.ts'
import { createFetch } from '../../../../lib/aws/fetch.ts'
import { vector } from '../../../support/archives.ts'
import { memoryListDates, memoryPorts, memoryStore } from '../../../support/memory.ts'
import { debianSuites } from '../../../support/mirrors.ts'

const NOW = Date.UTC(2026, 10, 23)
const SHA = 'a'.repeat(64)
const SUITE = { mirror: 'http://mirror.invalid/debian', suite: 'bookworm' }
const PATH = 'main/binary-amd64/Packages.xz'

const DATE = 'Date: Sun, 22 Nov 2026 20:51:12 UTC\n'
const body = (fields = '') =>
  `Origin: Debian\nCodename: bookworm\n${DATE}${fields}MD5Sum:\n ${'b'.repeat(32)} 7 ${PATH}\nSHA256:\n ${SHA} 12 ${PATH}\nOther:\n ${'c'.repeat(64)} 9 evil\n`

let keyring: string
let signed: (text: string) => Promise<string>
let signedByAnother: (text: string) => Promise<string>
let anotherKeyring: string

async function key() {
  const { privateKey, publicKey } = await generateKey({
    type: 'rsa',
    rsaBits: 2048,
    userIDs: [{ name: 'Archive' }],
    format: 'object',
    date: new Date(NOW - 86_400_000),
  })
  const signText = async (text: string) =>
    sign({
      message: await createCleartextMessage({ text }),
      signingKeys: privateKey,
      date: new Date(NOW - 1000),
    })
  return { publicKey: publicKey.armor(), signText }
}

beforeAll(async () => {
  const [archive, another] = await Promise.all([key(), key()])
  keyring = archive.publicKey
  signed = archive.signText
  signedByAnother = another.signText
  anotherKeyring = another.publicKey
})

const release = (inRelease: string, now = NOW, suite: Suite = SUITE) => {
  const fetch = async () => new TextEncoder().encode(inRelease)
  const ports = { fetch, now: () => now, keyring, lists: memoryListDates(), inputs: memoryStore().store }
  return fetchRelease({ ...ports, log: () => {} }, suite)
}

const refused = expect.objectContaining({ code: 'signature-invalid' })

describe('an updates suite of Ubuntu, which has the codename of its release', () => {
  const updates = body('Suite: jammy-updates\n').replace('Codename: bookworm', 'Codename: jammy')
  const suiteOf = (suite: string): Suite => ({ ...SUITE, suite })

  test('is identified by its Suite field', async () => {
    await expect(release(await signed(updates), NOW, suiteOf('jammy-updates'))).resolves.toBeDefined()
  })

  test('is refused in place of the release, and the release in its place', async () => {
    await expect(release(await signed(updates), NOW, suiteOf('jammy'))).rejects.toEqual(refused)
    const own = updates.replace('jammy-updates', 'jammy')
    await expect(release(await signed(own), NOW, suiteOf('jammy-updates'))).rejects.toEqual(refused)
    await expect(release(await signed(own), NOW, suiteOf('jammy'))).resolves.toBeDefined()
  })
})

test('a later list that another archive signs under the same name does not affect this archive', async () => {
  const ports = {
    ...{ now: () => NOW, lists: memoryListDates(), inputs: memoryStore().store, log: () => {} },
    fetch: async (url: string) => new TextEncoder().encode(url.includes('evil') ? evil : good),
  }
  const good = await signed(body())
  const evil = await signedByAnother(
    body().replace('22 Nov 2026 20', '22 Nov 2026 23').replaceAll(SHA, 'e'.repeat(64)),
  )
  const other = { ...SUITE, mirror: 'http://evil.invalid/debian' }
  const theirs = await fetchRelease({ ...ports, keyring: anotherKeyring }, other)
  expect(theirs.get(PATH)?.sha256).toBe('e'.repeat(64))
  expect((await fetchRelease({ ...ports, keyring }, SUITE)).get(PATH)?.sha256).toBe(SHA)
})

describe('the real list of Raspberry Pi OS of July 2019', () => {
  const BUSTER = { mirror: 'http://archive.raspberrypi.org/debian', suite: 'buster' }
  const read = (keyring: string) => {
    const fetch = async () => vector('apt/raspberrypi-buster.InRelease')
    const now = () => Date.UTC(2019, 6, 10)
    const ports = { fetch, now, keyring, lists: memoryListDates(), inputs: memoryStore().store }
    return fetchRelease({ ...ports, log: () => {} }, BUSTER)
  }

  test('verifies with the key of its archive, and has gzip lists but no xz lists', async () => {
    const files = await read(RASPBERRYPI_KEYS)
    expect(files.get('main/binary-amd64/Packages.gz')).toMatchObject({ bytes: 108924 })
    expect(files.get('main/binary-amd64/Packages.xz')).toBeUndefined()
  })

  test.each([
    ['Debian', DEBIAN_KEYRING],
    ['Proxmox', PROXMOX_KEYS],
  ])('does not verify with the keys of %s', async (_, keyring) => {
    await expect(read(keyring)).rejects.toEqual(refused)
  })
})

describe("a suite's InRelease", () => {
  test('gives the digests of its files if a key of the keyring signed it', async () => {
    const files = await release(await signed(body()))
    expect(files.get(PATH)).toEqual({ path: PATH, sha256: SHA, bytes: 12 })
    expect(files.get('evil')).toBeUndefined()
  })

  test('is refused if it is unsigned', async () => expect(release(body())).rejects.toEqual(refused))

  test('is refused if an unknown key signed it', async () =>
    expect(release(await signedByAnother(body()))).rejects.toEqual(refused))

  test('is refused if one byte was changed', async () =>
    expect(release((await signed(body())).replace(SHA, `b${SHA.slice(1)}`))).rejects.toEqual(refused))

  test('is refused, or read without the text around its signed part', async () => {
    const evil = `SHA256:\n ${'d'.repeat(64)} 1 ${PATH}\n\n`
    const good = await signed(body())
    for (const text of [evil + good, `${good}\n${evil}`]) {
      const found = await release(text).then(
        (files) => files.get(PATH),
        () => undefined,
      )
      const theirs = { path: PATH, sha256: SHA, bytes: 12 }
      expect(found ?? theirs).toEqual(theirs)
    }
  })

  test('is refused if it is of another suite', async () =>
    expect(release(await signed(body().replace('bookworm', 'bullseye')))).rejects.toEqual(refused))

  test('is refused after its Valid-Until: the mirror is stale', async () => {
    const text = await signed(body('Valid-Until: Sat, 28 Nov 2026 00:53:02 UTC\n'))
    await expect(release(text)).resolves.toBeDefined()
    await expect(release(text, Date.UTC(2026, 10, 29))).rejects.toEqual(refused)
  })

  test('is accepted after its Valid-Until if the operator allows it, as with apt, but must still be signed', async () => {
    const text = await signed(body('Valid-Until: Sat, 28 Nov 2026 00:53:02 UTC\n'))
    const late = Date.UTC(2026, 10, 29)
    const suite = { ...SUITE, checkValidUntil: false }
    await expect(release(text, late, suite)).resolves.toBeDefined()
    await expect(release(text, late, { ...SUITE, checkValidUntil: true })).rejects.toEqual(refused)
    await expect(release(text.replace(SHA, `b${SHA.slice(1)}`), late, suite)).rejects.toEqual(refused)
  })

  test('verifies with the keyring of Debian for each real suite', async () => {
    const suites = debianSuites()
    expect(suites.length).toBeGreaterThan(0)
    for (const suite of suites) {
      const { lists, log } = memoryPorts({ now: Date.now })
      const { store: inputs } = memoryStore()
      const ports = { fetch: createFetch(), now: Date.now, keyring: DEBIAN_KEYRING, lists, inputs, log }
      const real = await fetchRelease(ports, suite)
      expect(real.get(PATH), suite.suite).toMatchObject({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
    }
  })
})
