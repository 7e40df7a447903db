import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { diskFolder } from '../../lib/aws/folder.ts'
import { packed } from '../../lib/build/roots/keep.ts'
import type { Cached } from '../../local/caches.ts'
import { cacheFolder, rootPlaces, rootsCache, unpackRoots } from '../../local/roots.ts'
import { openObjects } from '../../local/s3/objects.ts'

const dir = mkdtempSync(join(tmpdir(), 'local-roots-'))
afterAll(() => rmSync(dir, { recursive: true }))

const sha256 = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex')

/** The folders of a user; the bucket has one root. `digest`: the digest of the unpacked root in its record. */
async function places({ digest }: { digest?: string } = {}) {
  const base = mkdtempSync(join(dir, 'user-'))
  const made = join(base, 'made')
  mkdirSync(join(made, 'usr'), { recursive: true })
  writeFileSync(join(made, 'usr', 'tool'), 'a tool')
  const root = await packed(diskFolder(made))
  const objects = openObjects(join(base, 'bucket'), [], { shared: { roots: join(base, 'bucket') } })
  const put = (key: string, body: Uint8Array) =>
    objects.put({
      bucket: 'roots',
      key,
      ifAbsent: true,
      body: (async function* () {
        yield body
      })(),
      info: () => ({ key, bytes: body.length, etag: '""', lastModified: 0, headers: {}, checksums: {} }),
    })
  await put(`sha256/${sha256(root.archive)}`, root.archive)
  const record = { id: 'a'.repeat(64), digest: digest ?? root.digest, sha256: sha256(root.archive) }
  await put(`roots/${record.id}.json`, Buffer.from(JSON.stringify(record)))
  return { objects: join(base, 'bucket'), unpacked: join(base, 'roots'), digest: root.digest }
}

test('a composed root is unpacked once, even if two registries start at the same time', async () => {
  const at = await places()
  await Promise.all([unpackRoots(at), unpackRoots(at)])
  expect(readdirSync(at.unpacked)).toEqual([at.digest])
  expect(readFileSync(join(at.unpacked, at.digest, 'usr', 'tool'), 'utf8')).toBe('a tool')
})

test('a root that was unused for long is removed completely, and one that was used since it was listed is kept', async () => {
  const at = await places()
  await unpackRoots(at)
  const of = async () => {
    const all: Cached[] = []
    for await (const one of rootsCache(at).list()) all.push(one)
    return all
  }
  const [root, ...others] = await of()
  expect(others).toEqual([])
  expect(root!.bytes).toBeGreaterThan(6)
  const [later] = await of()
  for (const name of readdirSync(at.objects)) utimesSync(join(at.objects, name), 1, 1)
  expect(await later!.remove()).toBe(false)
  expect(await (await of())[0]!.remove()).toBe(true)
  expect([
    ...readdirSync(at.objects).filter((name) => !name.startsWith('.')),
    ...readdirSync(at.unpacked),
  ]).toEqual([])
  await unpackRoots(at)
})

test('an archive that a crash left without a record is removed as well', async () => {
  const at = await places()
  const objects = openObjects(at.objects, [], { shared: { roots: at.objects } })
  await objects.delete('roots', `roots/${'a'.repeat(64)}.json`)
  for await (const one of rootsCache(at).list()) expect(await one.remove()).toBe(true)
  expect(readdirSync(at.objects).filter((name) => !name.startsWith('.'))).toEqual([])
})

test('an archive with another digest than its record is refused, and leaves no file', async () => {
  const at = await places({ digest: 'd'.repeat(64) })
  await expect(unpackRoots(at)).rejects.toThrow(`it unpacks to ${at.digest}`)
  expect(readdirSync(at.unpacked)).toEqual([])
})

test('a removed root is unpacked again for the next build', async () => {
  const at = await places()
  await unpackRoots(at)
  rmSync(join(at.unpacked, at.digest), { recursive: true })
  await unpackRoots(at)
  expect(existsSync(join(at.unpacked, at.digest))).toBe(true)
})

test('the user of a build can enter the folders even if they were created under a strict umask', () => {
  const mask = process.umask(0o077)
  try {
    const { unpacked } = rootPlaces(join(dir, 'masked'))
    const modes = [join(dir, 'masked'), unpacked].map((folder) => statSync(folder).mode & 0o777)
    expect(modes).toEqual([0o755, 0o755])
  } finally {
    process.umask(mask)
  }
})

test('without a bucket there is nothing to unpack', async () => {
  await unpackRoots({ objects: join(dir, 'none'), unpacked: join(dir, 'none-either') })
  expect(existsSync(join(dir, 'none-either'))).toBe(false)
})

test('the cache of root is below /var/cache, where the users of builds can read it', () => {
  expect(cacheFolder({}, 0)).toBe('/var/cache/probe-registry')
  expect(cacheFolder({ XDG_CACHE_HOME: '/x' }, 0)).toBe('/x/probe-registry')
  expect(cacheFolder({}, 1000)).toMatch(/\/\.cache\/probe-registry$/)
})
