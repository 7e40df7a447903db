// Tests TUF repositories: the metadata that the registry trusts, and each reason to refuse a repository.

import { describe, expect, test } from 'vitest'
import { BOTTLEROCKET_ROOT, BOTTLEROCKET_ROOTS } from '../../../../lib/archives/keys/bottlerocket.ts'
import { readMetadata } from '../../../../lib/archives/tuf/metadata.ts'
import { openRepository } from '../../../../lib/archives/tuf/repository.ts'
import { type FirstRoot, firstRoot, newestRoot } from '../../../../lib/archives/tuf/root.ts'
import { ProbeError } from '../../../../lib/model/errors.ts'
import type { Fetch } from '../../../../lib/model/ports.ts'
import { vector } from '../../../support/archives.ts'
import { memoryPorts } from '../../../support/memory.ts'
import {
  type MetadataSpec,
  metadataFiles,
  metaOf,
  rootFile,
  sha512,
  signedFile,
  type TufKey,
  targetSpec,
  tufKey,
} from '../../../support/tuf/repository.ts'

const NOW = Date.UTC(2026, 10, 26)
const METADATA = 'https://mirror.invalid/metadata'
const [owner, other, stranger] = [tufKey(), tufKey('ed25519'), tufKey()]
const KIT = targetSpec(Buffer.from('a kit'))

type Files = Record<string, Uint8Array>
const spec = (more: Partial<MetadataSpec> = {}): MetadataSpec => ({
  targets: { 'kit.tar.xz': KIT },
  by: [owner],
  ...more,
})
const filesOf = (more: Partial<MetadataSpec> = {}): Files => metadataFiles(spec(more))

/** A reader that remembers earlier reads; `files` are those of the mirror, and may change between reads. */
function reader(root: Uint8Array = rootFile({ keys: [owner] }), ofThePast = false) {
  const memory = memoryPorts({ now: () => NOW })
  const asked: { url: string; maxBytes: number }[] = []
  const read = async (files: Files, name = 'kit.tar.xz') => {
    const fetch: Fetch = async (url, { maxBytes }) => {
      asked.push({ url, maxBytes })
      const body = files[url.slice(METADATA.length + 1)]
      if (body === undefined) throw new ProbeError('not-found', `${url} answers 404`)
      if (body.length > maxBytes) throw new ProbeError('too-large', `${url} is larger than ${maxBytes}`)
      return body
    }
    const first = readMetadata('root', root, 'root.json')
    const repository = {
      id: 'test',
      metadata: METADATA,
      targets: 'https://mirror.invalid/targets',
      first,
      ofThePast,
    }
    return (await openRepository({ fetch, lists: memory.lists, now: () => NOW }, repository))(name)
  }
  return { read, asked }
}
const read = (files: Files, root?: Uint8Array) => reader(root).read(files)
const refusal = async (files: Files, root?: Uint8Array) =>
  read(files, root).then(
    (found) => ({ found }),
    ({ code, message }: ProbeError) => ({ code, message }),
  )

describe('a target', () => {
  test('is found by its name, with its signed digest', async () => {
    const url = `https://mirror.invalid/targets/${KIT.sha256}.kit.tar.xz`
    expect(await read(filesOf())).toEqual({ name: 'kit.tar.xz', url, ...KIT })
  })

  test('that the list lacks is not found, whatever its name', async () => {
    for (const name of ['other.tar.xz', 'constructor', '__proto__', '../kit.tar.xz', ''])
      expect(await reader().read(filesOf(), name)).toBeUndefined()
  })

  test('has its plain name in a repository without consistent snapshots', async () => {
    const found = await read(
      filesOf({ consistentSnapshot: false }),
      rootFile({ keys: [owner], consistentSnapshot: false }),
    )
    expect(found?.url).toBe('https://mirror.invalid/targets/kit.tar.xz')
  })

  test('without a sha256 is refused', async () => {
    const targets = { 'kit.tar.xz': { length: 5, hashes: {} } }
    expect(await refusal(withTargets({ targets }))).toMatchObject({ code: 'signature-invalid' })
  })
})

const common = { spec_version: '1.0.0', version: 7, expires: '2999-01-01T00:00:00Z' }

/** A complete repository around a list of any content. */
function withTargets(rest: object, by: readonly TufKey[] = [owner]): Files {
  const targets = signedFile({ _type: 'targets', ...common, ...rest }, by)
  const meta = { 'targets.json': metaOf(targets, 7) }
  const snapshot = signedFile({ _type: 'snapshot', ...common, meta }, [owner])
  const timestampMeta = { 'snapshot.json': metaOf(snapshot, 7) }
  return {
    '7.targets.json': targets,
    '7.snapshot.json': snapshot,
    'timestamp.json': signedFile({ _type: 'timestamp', ...common, meta: timestampMeta }, [owner]),
  }
}

describe('a repository is refused', () => {
  test.each(['timestamp', 'snapshot', 'targets'] as const)(
    'if an unknown key signed its %s',
    async (role) => {
      const keys = { [role]: { keys: [other] } }
      const found = await refusal(filesOf(), rootFile({ keys: [owner], roles: keys }))
      expect(found).toMatchObject({
        code: 'signature-invalid',
        message: expect.stringMatching(
          new RegExp(`${role}\\.json is not believed: ${role} was signed by 0/1 keys`),
        ),
      })
    },
  )

  test('if fewer keys signed it than its root requires, and a key that signed twice counts once', async () => {
    const root = rootFile({ keys: [owner], roles: { timestamp: { keys: [owner, other], threshold: 2 } } })
    expect(await refusal(filesOf(), root)).toMatchObject({ message: expect.stringContaining('1/2 keys') })
    const files = filesOf({ by: [owner, other] })
    expect(await refusal(files, root)).toMatchObject({ found: KIT })
    const twice = JSON.parse(Buffer.from(filesOf()['timestamp.json']!).toString())
    twice.signatures.push(twice.signatures[0])
    expect(await refusal({ ...filesOf(), 'timestamp.json': json(twice) }, root)).toMatchObject({
      code: expect.stringMatching(/signature-invalid|mirror-unreachable/),
    })
  })

  test.each(['timestamp', 'snapshot', 'targets'] as const)(
    'if its %s has expired, as on a mirror with old files',
    async (role) => {
      const expires = { [role]: '2026-11-25T00:00:00Z' }
      expect(await refusal(filesOf({ expires }))).toMatchObject({
        code: 'signature-invalid',
        message: expect.stringMatching(/was valid until 2026-11-25T00:00:00Z/),
      })
    },
  )

  test('if its root has expired and has no successor', async () => {
    const root = rootFile({ keys: [owner], expires: '2026-11-25T00:00:00Z' })
    expect(await refusal(filesOf(), root)).toMatchObject({ code: 'signature-invalid' })
    const next = rootFile({ keys: [owner], version: 2 })
    expect(await refusal({ ...filesOf(), '2.root.json': next }, root)).toMatchObject({ found: KIT })
  })

  test('if it mixes the list of one day with the snapshot of another', async () => {
    const [old, today] = [filesOf({ targets: {} }), filesOf()]
    const mixed = { ...today, '1700000000.targets.json': old['1700000000.targets.json']! }
    expect(await refusal(mixed)).toMatchObject({ code: expect.stringMatching(/digest-mismatch|too-large/) })
    const snapshot = old['1700000000.snapshot.json']!
    expect(await refusal({ ...today, '1700000000.snapshot.json': snapshot })).toMatchObject({
      code: expect.stringMatching(/digest-mismatch|too-large/),
    })
  })

  test('if its list is signed, but has another version than its snapshot promises', async () => {
    const files = filesOf()
    const body = files['1700000000.targets.json']! as Buffer
    const meta = { 'targets.json': metaOf(body, 8) }
    const snapshot = signedFile({ _type: 'snapshot', ...common, meta }, [owner])
    const timestampMeta = { 'snapshot.json': metaOf(snapshot, 7) }
    const timestamp = signedFile({ _type: 'timestamp', ...common, meta: timestampMeta }, [owner])
    const lying = { '8.targets.json': body, '7.snapshot.json': snapshot, 'timestamp.json': timestamp }
    expect(await refusal(lying)).toMatchObject({
      code: 'signature-invalid',
      message: expect.stringContaining('is version 1700000000, and 8 was promised'),
    })
  })

  test('if its files are endless, and no more is read than its metadata promises', async () => {
    const endless = Buffer.alloc(64 * 1024 * 1024, ' ')
    for (const name of [...Object.keys(filesOf()), '2.root.json'])
      expect(await refusal({ ...filesOf(), [name]: endless })).toMatchObject({ code: 'too-large' })
    const { read, asked } = reader()
    const files = filesOf()
    await read(files)
    const bounds = asked.filter(({ url }) => url.endsWith('.targets.json')).map(({ maxBytes }) => maxBytes)
    expect(bounds).toEqual([files['1700000000.targets.json']!.length])
  })

  test('if a byte changed after it was signed', async () => {
    const files = filesOf()
    const timestamp = Buffer.from(files['timestamp.json']!).toString().replace('1700000000', '1700000009')
    expect(await refusal({ ...files, 'timestamp.json': Buffer.from(timestamp) })).toMatchObject({
      code: 'signature-invalid',
    })
  })

  test.each([
    ['an error page', '<html>busy</html>'],
    ['nothing', ''],
    ['half a file', '{"signed": {"_type": "timest'],
    ['another file of the same repository', undefined],
    ['lists in lists without end', '['.repeat(20_000)],
  ])('if its timestamp is %s', async (_, text) => {
    const files = filesOf()
    const body = text === undefined ? files['1700000000.snapshot.json']! : Buffer.from(text)
    expect(await refusal({ ...files, 'timestamp.json': body })).toMatchObject({ code: 'mirror-unreachable' })
  })

  test('if it does not exist', async () => {
    expect(await refusal({})).toMatchObject({ code: 'not-found' })
  })

  test('but not for delegations, which the registry ignores', async () => {
    const targets = {}
    const delegations = {
      keys: { [stranger.id]: stranger.json },
      roles: [{ name: 'more', keyids: [stranger.id], threshold: 1, terminating: false, paths: ['*'] }],
    }
    expect(await refusal(withTargets({ targets, delegations }))).toEqual({ found: undefined })
  })
})

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

describe('a version that was read before', () => {
  test('prevents a rollback to an older one', async () => {
    const { read } = reader()
    await read(filesOf({ version: 20 }))
    await expect(read(filesOf({ version: 19 }))).rejects.toMatchObject({
      code: 'signature-invalid',
      message: expect.stringMatching(/timestamp\.json .* version 19, and 20 was read before/),
    })
    expect(await read(filesOf({ version: 20 }))).toMatchObject(KIT)
    expect(await read(filesOf({ version: 21 }))).toMatchObject(KIT)
  })

  test('is forgotten if a role has new keys, so holders of the old keys cannot block the role', async () => {
    const { read } = reader()
    await read(filesOf({ version: 2_000_000_000 }))
    const next = rootFile({ keys: [other], version: 2, roles: { root: { keys: [owner] } } })
    expect(await read({ ...filesOf({ version: 21, by: [other] }), '2.root.json': next })).toMatchObject(KIT)
  })

  test('prevents a rollback of the root too', async () => {
    const { read } = reader()
    const next = rootFile({ keys: [owner], version: 2 })
    await read({ ...filesOf(), '2.root.json': next })
    await expect(read(filesOf())).rejects.toMatchObject({ code: 'signature-invalid' })
  })
})

describe('a new root', () => {
  const keys = [owner, other]
  const first = rootFile({ keys: [owner], roles: { root: { keys, threshold: 2 } } })
  const next = (more: Partial<Parameters<typeof rootFile>[0]>) =>
    rootFile({ keys: [stranger], version: 2, signedBy: [owner, other, stranger], ...more })

  test('takes over if both the old root’s keys and its own keys signed it', async () => {
    const files = { ...filesOf({ by: [stranger] }), '2.root.json': next({}) }
    expect(await refusal(files, first)).toMatchObject({ found: KIT })
  })

  test.each([
    ['too few of the old keys have signed', { signedBy: [owner, stranger] }],
    ['none of its own keys has signed', { signedBy: [owner, other] }],
    ['somebody else alone has signed', { signedBy: [stranger] }],
    ['has left out a version', { version: 3 }],
  ])('that %s is refused', async (_, more) => {
    const files = { ...filesOf({ by: [stranger] }), '2.root.json': next(more) }
    expect(await refusal(files, first)).toMatchObject({ code: 'signature-invalid' })
  })
})

test('a repository of the past is trusted after its expiry, but still needs its signatures', async () => {
  const expires = {
    timestamp: '2020-01-01T00:00:00Z',
    snapshot: '2020-01-01T00:00:00Z',
    targets: '2020-01-01T00:00:00Z',
  }
  const root = rootFile({ keys: [owner], expires: '2020-01-01T00:00:00Z' })
  expect(await reader(root, true).read(filesOf({ expires }))).toMatchObject(KIT)
  await expect(reader(root, true).read(filesOf({ expires, by: [stranger] }))).rejects.toMatchObject({
    code: 'signature-invalid',
  })
})

describe('a next root', () => {
  const first = rootFile({ keys: [owner] })
  const newest = (error: ProbeError) =>
    newestRoot(
      {
        fetch: async () => {
          throw error
        },
      },
      'https://cache.invalid',
      readMetadata('root', first, 'a root'),
    )

  test.each([
    ['404', new ProbeError('not-found', 'answers 404')],
    ['403', new ProbeError('mirror-unreachable', 'answers 403', { cause: { status: 403 } })],
  ])('does not exist if the store answers %s', async (_, error) => {
    expect((await newest(error)).signed.version).toBe(1)
  })

  test.each([
    ['500', new ProbeError('mirror-unreachable', 'answers 500', { cause: { status: 500 } })],
    ['nothing', new ProbeError('mirror-unreachable', 'it did not answer in time')],
  ])('may exist if the store answers %s, so the read fails', async (_, error) => {
    await expect(newest(error)).rejects.toBe(error)
  })
})

describe('the first root', () => {
  const root = rootFile({ keys: [owner] })
  const answering = (body: Uint8Array | undefined): Pick<Parameters<typeof firstRoot>[0], 'fetch'> => ({
    fetch: async (url) => {
      if (body !== undefined) return body
      throw new ProbeError('mirror-unreachable', `${url} could not be read`)
    },
  })
  const wanted = (...sha: string[]): FirstRoot => ({ url: 'https://cache.invalid/root.json', sha512: sha })

  test('is trusted by its digest alone', async () => {
    const found = await firstRoot(answering(root), wanted('0'.repeat(128), sha512(root)), '')
    expect(found.signed.version).toBe(1)
    await expect(
      firstRoot(answering(rootFile({ keys: [owner], version: 2 })), wanted(sha512(root)), ''),
    ).rejects.toMatchObject({ code: 'signature-invalid' })
  })

  test('that is built in replaces a published one, if its digest is trusted', async () => {
    const atHand = root.toString()
    for (const published of [undefined, rootFile({ keys: [stranger] })]) {
      const found = await firstRoot(answering(published), wanted(sha512(root)), atHand)
      expect(Object.keys(found.signed.keys)).toEqual([owner.id])
    }
    await expect(firstRoot(answering(undefined), wanted('0'.repeat(128)), atHand)).rejects.toMatchObject({
      code: 'mirror-unreachable',
    })
  })

  test('of Bottlerocket has the sha512 that its project named, and two of its keys can sign the next', async () => {
    expect(sha512(Buffer.from(BOTTLEROCKET_ROOT))).toBe(BOTTLEROCKET_ROOTS.at(-1))
    const { signed } = await firstRoot(answering(undefined), wanted(...BOTTLEROCKET_ROOTS), BOTTLEROCKET_ROOT)
    expect(signed).toMatchObject({ version: 2, consistentSnapshot: true })
    expect(signed.roles.root).toMatchObject({ threshold: 2 })
  })
})

describe("real repositories of the library that makes Bottlerocket's repositories", () => {
  const file = (name: string) => {
    try {
      return vector(`tuf/tough/${name}`)
    } catch {
      return undefined
    }
  }
  const open = async (folder: string, first: string, now: number, name: string) => {
    const memory = memoryPorts({ now: () => now })
    const fetch: Fetch = async (url) => {
      const body = file(`${folder}/${url.slice(METADATA.length + 1)}`)
      if (body !== undefined) return body
      throw new ProbeError('not-found', `${url} answers 404`)
    }
    const root = await firstRoot({ fetch: async () => vector(`tuf/tough/${first}`) }, allowed(first), '')
    const repository = { id: folder, metadata: METADATA, targets: METADATA, first: root, ofThePast: false }
    return (await openRepository({ fetch, lists: memory.lists, now: () => now }, repository))(name)
  }
  const allowed = (first: string): FirstRoot => ({
    url: first,
    sha512: [sha512(vector(`tuf/tough/${first}`))],
  })

  test.each([
    ['consistent-snapshots/metadata', 'data1.txt', 'data2.txt'],
    ['tuf-reference-impl/metadata', 'file1.txt', 'file2.txt'],
    ['safe-target-paths/metadata', 'foo/../bar/../baz/../data1.txt', 'foo/bar/baz/../data2.txt'],
    ['dubious-role-names/metadata', '1.txt', '2.txt'],
  ])('%s has its targets', async (folder, ...names) => {
    for (const name of names)
      expect((await open(folder, `${folder}/1.root.json`, NOW, name))?.sha256).toMatch(/^[0-9a-f]{64}$/)
  })

  test('an expired root leads to the current one', async () => {
    expect(await open('rotated-root', 'rotated-root/1.root.json', NOW, 'none')).toBeUndefined()
  })

  test('an expired one is refused', async () => {
    const folder = 'expired-repository/metadata'
    await expect(open(folder, `${folder}/1.root.json`, NOW, 'data1.txt')).rejects.toMatchObject({
      code: 'signature-invalid',
      message: expect.stringMatching(/valid until 1999/),
    })
  })

  test.each([
    'simple-rsa',
    'duplicate-keyid',
    'ecdsa-new-type-sig-keys',
    'pem-encoded-ecdsa-sig-keys',
    'expired-root-json-signature',
  ])('a first root of the form %s is accepted', async (folder) => {
    const name = `${folder}/root.json`
    expect(
      await firstRoot({ fetch: async () => vector(`tuf/tough/${name}`) }, allowed(name), ''),
    ).toBeDefined()
  })

  test.each([
    'invalid-root-json-signature',
    'mismatched-root-json-keyids',
    'no-root-json-signatures',
    'duplicate-sigs',
    'duplicate-sig-keys',
  ])('a first root of the form %s is refused, even with a trusted digest', async (folder) => {
    const name = `${folder}/root.json`
    await expect(
      firstRoot({ fetch: async () => vector(`tuf/tough/${name}`) }, allowed(name), ''),
    ).rejects.toMatchObject({ code: expect.stringMatching(/signature-invalid|mirror-unreachable/) })
  })
})
