// Tests the image layout as its readers check it: every digest and every archive, for random content.

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { type Image, type Layout, layerOf, layoutOf } from '../../../client/image/layout.ts'
import { fileOf, sorted } from '../../../client/image/tree.ts'
import { diskFolder } from '../../../lib/aws/folder.ts'
import { tarEntries, text } from '../../../lib/formats/tar.ts'
import type { FolderEntry } from '../../../lib/model/ports.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const NAME = fc.stringMatching(/^[a-zé][a-zé0-9.=_-]{0,60}$/)
const PATH = fc.array(NAME, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
/** Files and links, with all their parent folders. */
const TREE = fc
  .uniqueArray(fc.tuple(PATH, fc.uint8Array({ maxLength: 1200 }), fc.boolean(), fc.boolean()), {
    maxLength: 8,
    selector: ([path]) => path,
  })
  .map((files) => {
    const all = new Map<string, FolderEntry>()
    for (const [path, body, executable, link] of files)
      all.set(path, link ? { tag: 'symlink', path, target: 'a' } : fileOf(path, body, executable))
    for (const path of [...all.keys()])
      for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1))
        all.set(path.slice(0, end), { tag: 'folder', path: path.slice(0, end) })
    return sorted(all.values())
  })

const image = (platform: Image['platform'], ...trees: FolderEntry[][]): Image => ({
  platform,
  layers: trees.map((tree, at) => layerOf(`layer ${at}`, tree)),
  env: { PATH: '/usr/bin', DRIVER_VERSION: '11.0.0+driver' },
  entrypoint: ['/usr/bin/loader'],
  labels: { 'org.opencontainers.image.version': '11.0.0+driver' },
})

const descriptor = z.object({
  mediaType: z.string(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  size: z.int(),
  annotations: z.record(z.string(), z.string()).optional(),
  platform: z.object({ architecture: z.enum(['amd64', 'arm64']), os: z.literal('linux') }).optional(),
})
const index = z.object({ schemaVersion: z.literal(2), mediaType: z.string(), manifests: z.array(descriptor) })
const manifest = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.literal('application/vnd.oci.image.manifest.v1+json'),
  config: descriptor,
  layers: z.array(descriptor),
})
const config = z.object({
  architecture: z.string(),
  os: z.literal('linux'),
  config: z.object({ Env: z.array(z.string()), Entrypoint: z.array(z.string()) }),
  rootfs: z.object({ type: z.literal('layers'), diff_ids: z.array(z.string()) }),
  history: z.array(z.object({ created_by: z.string() })),
})

/** The blob of a descriptor. Checks its size and its digest. */
function blobOf({ files }: Layout, { digest, size }: z.infer<typeof descriptor>): Uint8Array {
  const body = files.get(`blobs/${digest.replace(':', '/')}`)
  if (body === undefined) throw new Error(`${digest} is not in the layout`)
  expect(body.length).toBe(size)
  expect(`sha256:${sha256(body)}`).toBe(digest)
  return body
}
const read = <T>(schema: z.ZodType<T>, body: Uint8Array | undefined): T =>
  schema.parse(JSON.parse(Buffer.from(body ?? []).toString('utf8')))

function checkArchive(tar: Buffer): void {
  const paths: string[] = []
  let at = 0
  for (const { path, type, mode, body } of tarEntries(tar)) {
    if (type !== 'L' && type !== 'K') {
      paths.push(path.replace(/\/$/, ''))
      expect([type, mode.toString(8)]).toBeOneOf([
        ['0', '644'],
        ['0', '755'],
        ['2', '777'],
        ['5', '755'],
      ])
    }
    // Owner, group and time, as the header has them: octal zeros.
    for (const [offset, length] of [
      [108, 8],
      [116, 8],
      [136, 12],
    ] as const)
      expect(Number.parseInt(text(tar, at + offset, length), 8)).toBe(0)
    at += 512 + Math.ceil(body.length / 512) * 512
  }
  expect(new Set(paths).size).toBe(paths.length)
}

describe('a layout', () => {
  test('has the bytes for every digest, and each layer is an archive owned by root, without duplicate paths', () => {
    fc.assert(
      fc.property(TREE, TREE, (below, above) => {
        const layout = layoutOf('tag', [image('amd64', below, above), image('arm64', above)], {})
        const met = new Set<string>(['oci-layout', 'index.json'])
        const blob = (one: z.infer<typeof descriptor>) => {
          met.add(`blobs/${one.digest.replace(':', '/')}`)
          return blobOf(layout, one)
        }
        const top = read(index, layout.files.get('index.json'))
        const [all, ...named] = top.manifests
        const inIndex = read(index, blob(all!)).manifests
        expect(`sha256:${layout.digest}`).toBe(all?.digest)
        expect(inIndex.map(({ digest }) => digest)).toEqual(named.map(({ digest }) => digest))
        for (const one of inIndex) {
          const { config: configured, layers } = read(manifest, blob(one))
          const { rootfs, architecture, history } = read(config, blob(configured))
          expect(architecture).toBe(one.platform?.architecture)
          expect(history.length).toBe(layers.length)
          const archives = layers.map((layer) => gunzipSync(blob(layer)))
          expect(archives.map((tar) => `sha256:${sha256(tar)}`)).toEqual(rootfs.diff_ids)
          for (const tar of archives) checkArchive(tar)
        }
        // Every file in the layout is referenced.
        expect([...layout.files.keys()].sort()).toEqual([...met].sort())
      }),
      { numRuns: 60 },
    )
  })

  test('has the same bytes for the same images', () => {
    fc.assert(
      fc.property(TREE, (tree) => {
        const [one, other] = [0, 1].map(() => layoutOf('tag', [image('amd64', tree)], { a: 'b' }))
        expect(one?.digest).toBe(other?.digest)
        expect([...(one?.files ?? [])]).toEqual([...(other?.files ?? [])])
      }),
      { numRuns: 20 },
    )
  })

  test('has a long file with the same bytes as on disk', () => {
    const folder = mkdtempSync(join(tmpdir(), 'image-layout-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const body = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => at % 251))
    writeFileSync(join(folder, 'long'), body)
    const { body: packed } = layerOf('a layer', [...diskFolder(folder).entries()])
    const [file] = tarEntries(gunzipSync(packed))
    expect(body.equals(file?.body ?? Buffer.alloc(0))).toBe(true)
  })

  test('is named by its tag, and each image by the tag with its architecture', () => {
    const layout = layoutOf('11.0.0_driver', [image('amd64', []), image('arm64', [])], {})
    const { manifests } = read(index, layout.files.get('index.json'))
    const names = manifests.map(({ annotations }) => annotations?.['org.opencontainers.image.ref.name'])
    expect(names).toEqual(['11.0.0_driver', '11.0.0_driver-amd64', '11.0.0_driver-arm64'])
  })
})
