// Tests the OCI registry: it serves published probes, and no withdrawn or revoked ones.

import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { tarEntries } from '../../../../lib/formats/tar.ts'
import type { Probe, ProbeState } from '../../../../lib/model/probe.ts'
import { keyOf, probeOf } from '../../../../lib/names/grammar.ts'
import { imageAnswer } from '../../../../lib/packages/oci/answer.ts'
import { packages } from '../../../../lib/packages/packages.ts'
import type { Answer } from '../../../../lib/serve/answer.ts'
import { probeBytes } from '../../../support/probe.ts'
import { createWorld, KEY, UNAME_RELEASE, type WorldOptions } from '../../../support/world.ts'

const PROBES = 'probes/falco/1.2.3_driver'
const MODULES = 'modules/falco/1.2.3_driver'
const TAG = 'debian_6.1.1-1-amd64_1'

type World = ReturnType<typeof createWorld>
type Published = Extract<ProbeState, { state: 'published' }>

/** Compiled once: each compilation gives other bytes. */
const BYTES = probeBytes()

async function published(more: Partial<WorldOptions> = {}): Promise<World> {
  const world = createWorld({ probe: BYTES, ...more })
  await world.get()
  await world.deliver()
  return world
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const ask = (
  world: World,
  path: string,
  more: { method?: string; query?: Record<string, string>; revoked?: string[] } = {},
) =>
  imageAnswer(
    {
      index: world.memory.index,
      images: world.memory.imageItems,
      pointers: world.memory.pointers,
      artifacts: world.memory.presigner.artifacts,
      small: world.memory.store.artifacts,
      settings: { revoked: more.revoked ?? [] },
    },
    { method: more.method ?? 'GET', path: `/v2/${path}`, query: more.query ?? {} },
  )

const errorOf = (answer: Answer) =>
  answer.tag === 'json'
    ? { status: answer.status, ...(answer.body as { errors: { code: string; message: string }[] }).errors[0] }
    : answer.tag

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly annotations: Record<string, string>
  readonly platform: { readonly architecture: string; readonly os: string }
}
interface Document {
  readonly manifests: Descriptor[]
  readonly config: Descriptor
  readonly layers: Descriptor[]
  readonly subject: Descriptor
  readonly rootfs: { readonly diff_ids: string[] }
}

async function document(world: World, path: string): Promise<Document> {
  const answer = await ask(world, path)
  if (answer.tag !== 'bytes') throw new Error(JSON.stringify(answer))
  const digest = `sha256:${sha256(answer.body)}`
  if (path.includes('/manifests/')) expect(answer.headers).toMatchObject({ 'docker-content-digest': digest })
  if (path.includes('/manifests/sha256:')) expect(path).toContain(digest)
  return JSON.parse(Buffer.from(answer.body).toString()) as Document
}

/** The bytes of a blob; they match its digest. */
async function blob(world: World, name: string, { digest, size }: Descriptor): Promise<Uint8Array> {
  const answer = await ask(world, `${name}/blobs/${digest}`)
  if (answer.tag !== 'redirect') throw new Error(JSON.stringify(answer))
  const { object } = (await world.memory.imageItems.find(digest))!
  expect(answer.location).toContain(object)
  const { body } = world.memory.inside.objects.artifacts.get(object)!
  expect({ digest: `sha256:${sha256(body)}`, size: body.length }).toEqual({ digest, size })
  return body
}

/** Publishes another probe of the same kernel. */
async function publishMore(world: World, more: Partial<Probe>): Promise<string> {
  const key = keyOf({ ...probeOf(KEY), ...more })
  const state = world.state() as Published
  const objects = world.memory.inside.objects.artifacts
  for (const suffix of ['', '.asc']) {
    const { body, meta } = objects.get(`${state.objectKey}${suffix}`)!
    objects.set(`${key}/probe${suffix}`, { body, meta })
  }
  world.memory.inside.states.set(key, { ...state, objectKey: `${key}/probe` })
  await packages(world.publishPorts, key)
  return key
}

const setState = (world: World, more: Partial<Published>, key = KEY): void =>
  void world.memory.inside.states.set(key, { ...(world.memory.inside.states.get(key) as Published), ...more })
const withdraw = (world: World, key = KEY): void =>
  setState(world, { withdrawn: { reason: 'it panics', at: 1 } }, key)

test('a published probe has a tag with its bytes, its signature, and an asset for falcoctl', async () => {
  const world = await published()
  const index = await document(world, `${PROBES}/manifests/${TAG}`)
  expect(index.manifests).toMatchObject([{ platform: { architecture: 'amd64', os: 'linux' } }])
  const manifest = await document(world, `${PROBES}/manifests/${index.manifests[0]!.digest}`)
  const state = world.state() as Published
  const [asset, probe, signature] = manifest.layers
  expect(asset!.mediaType).toBe('application/vnd.cncf.falco.asset.layer.v1+tar.gz')
  expect(probe).toMatchObject({ digest: `sha256:${state.sha256}`, size: state.bytes })
  expect(Buffer.from(await blob(world, PROBES, signature!)).toString()).toContain('signature over')
  const config = JSON.parse(Buffer.from(await blob(world, PROBES, manifest.config)).toString())
  expect(config).toEqual({ name: `${PROBES}/${TAG}`, version: '6.1.1' })
})

test('the bytes of a probe are stored once: the OCI registry redirects to the published object', async () => {
  const world = await published()
  const { objectKey, sha256: digest } = world.state() as Published
  expect(await world.memory.imageItems.find(`sha256:${digest}`)).toMatchObject({
    object: objectKey,
    of: [KEY],
  })
  const copies = [...world.memory.inside.objects.artifacts].filter(([, { meta }]) => meta.sha256 === digest)
  expect(copies.map(([key]) => key)).toEqual([objectKey])
})

test('the image has the module where modprobe searches below /opt, and its config has the digest of the unpacked layer', async () => {
  const world = await published()
  const index = await document(world, `${MODULES}/manifests/${TAG}`)
  const manifest = await document(world, `${MODULES}/manifests/${index.manifests[0]!.digest}`)
  const config = JSON.parse(Buffer.from(await blob(world, MODULES, manifest.config)).toString()) as Document
  expect(config).toMatchObject({ architecture: 'amd64', os: 'linux' })
  const tar = gunzipSync(await blob(world, MODULES, manifest.layers[0]!))
  expect(config.rootfs.diff_ids).toEqual([`sha256:${sha256(tar)}`])
  const place = `opt/lib/modules/${UNAME_RELEASE}`
  const files = Object.fromEntries(
    [...tarEntries(tar)].filter(({ type }) => type === '0').map(({ path, body }) => [path, body]),
  )
  expect(Object.keys(files)).toEqual([
    `${place}/falco.ko`,
    `${place}/modules.dep`,
    `${place}/modules.dep.bin`,
  ])
  expect(sha256(files[`${place}/falco.ko`]!)).toBe((world.state() as Published).sha256)
})

test('the image and the artifact share one layer', async () => {
  const world = await published()
  const layerOf = async (name: string) => {
    const index = await document(world, `${name}/manifests/${TAG}`)
    return (await document(world, `${name}/manifests/${index.manifests[0]!.digest}`)).layers[0]!.digest
  }
  expect(await layerOf(PROBES)).toBe(await layerOf(MODULES))
})

test('one index has every architecture and kind of a kernel, the x86_64 module first; the index of images has only modules', async () => {
  const world = await published()
  await publishMore(world, { kind: 'ebpf' })
  await publishMore(world, { arch: 'aarch64' })
  const told = async (name: string) =>
    (await document(world, `${name}/manifests/${TAG}`)).manifests.map(
      ({ platform, annotations }) =>
        `${platform.architecture} ${annotations['internal.falco-probe-registry.kind']}`,
    )
  expect(await told(PROBES)).toEqual(['amd64 kmod', 'arm64 kmod', 'amd64 ebpf'])
  expect(await told(MODULES)).toEqual(['amd64 kmod', 'arm64 kmod'])
})

test('each manifest has a signature of its digest, under the tag that cosign requests and in the list of referrers', async () => {
  const world = await published()
  const index = await ask(world, `${PROBES}/manifests/${TAG}`)
  if (index.tag !== 'bytes') throw new Error(index.tag)
  const digests = [
    sha256(index.body),
    ...(JSON.parse(Buffer.from(index.body).toString()) as Document).manifests.map(({ digest }) =>
      digest.slice(7),
    ),
  ]
  for (const hex of digests) {
    const signature = await document(world, `${PROBES}/manifests/sha256-${hex}.sig`)
    const [layer] = signature.layers
    expect(layer!.annotations['dev.cosignproject.cosign/signature']).toMatch(/^[A-Za-z0-9+/]+=*$/)
    const payload = JSON.parse(Buffer.from(await blob(world, PROBES, layer!)).toString())
    expect(payload.critical).toEqual({
      identity: { 'docker-reference': PROBES },
      image: { 'docker-manifest-digest': `sha256:${hex}` },
      type: 'cosign container image signature',
    })
    expect(signature.subject).toMatchObject({ digest: `sha256:${hex}` })
    const referrers = await document(world, `${PROBES}/referrers/sha256:${hex}`)
    expect(referrers.manifests).toMatchObject([
      { artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json' },
    ])
  }
})

test('with a key that is not an RSA key, the registry publishes the manifests without signatures', async () => {
  const world = await published()
  const ports = {
    ...world.publishPorts,
    signer: { ...world.publishPorts.signer, signPlain: async () => undefined },
  }
  const key = keyOf({ ...probeOf(KEY), kernelRelease: '6.1.7-1-amd64' })
  world.memory.inside.states.set(key, world.state()!)
  await packages(ports, key)
  const tag = 'debian_6.1.7-1-amd64_1'
  expect(await document(world, `${PROBES}/manifests/${tag}`)).toMatchObject({ schemaVersion: 2 })
  const { digest = '' } = (await world.memory.imageItems.tagged(`${PROBES}:${tag}`))!
  expect(errorOf(await ask(world, `${PROBES}/manifests/${digest.replace(':', '-')}.sig`))).toMatchObject({
    code: 'MANIFEST_UNKNOWN',
  })
  expect((await document(world, `${PROBES}/referrers/${digest}`)).manifests).toEqual([])
})

test('the same publication always gives the same manifests', async () => {
  const digestOf = async (world: World) => (await world.memory.imageItems.tagged(`${PROBES}:${TAG}`))?.digest
  const [world, other] = [await published(), await published()]
  setState(other, { publishedAt: (world.state() as Published).publishedAt })
  await packages(other.publishPorts, KEY)
  expect(await digestOf(other)).toBe(await digestOf(world))
  const before = await world.memory.imageItems.tagged(`${PROBES}:${TAG}`)
  await packages(world.publishPorts, KEY)
  expect(await world.memory.imageItems.tagged(`${PROBES}:${TAG}`)).toEqual(before)
})

test('a withdrawn probe answers 404 at once for its tag, manifests and blobs; its tag leaves the list when the registry updates it', async () => {
  const world = await published()
  const index = await document(world, `${PROBES}/manifests/${TAG}`)
  const [entry] = index.manifests
  const { layers } = await document(world, `${PROBES}/manifests/${entry!.digest}`)
  const tags = () => ask(world, `${PROBES}/tags/list`)
  expect(await tags()).toMatchObject({ body: { name: PROBES, tags: [TAG] } })
  withdraw(world)
  for (const told of [false, true]) {
    if (told) await packages(world.publishPorts, KEY)
    for (const path of [TAG, entry!.digest].map((reference) => `${PROBES}/manifests/${reference}`))
      expect(errorOf(await ask(world, path))).toMatchObject({
        ...{ status: 404, code: 'MANIFEST_UNKNOWN', message: expect.stringContaining('it panics') },
      })
    for (const { digest } of layers)
      expect(errorOf(await ask(world, `${PROBES}/blobs/${digest}`))).toMatchObject({
        status: 404,
        code: 'BLOB_UNKNOWN',
      })
    expect(await tags()).toMatchObject({ body: { tags: told ? [] : [TAG] } })
  }
  setState(world, { withdrawn: undefined })
  await packages(world.publishPorts, KEY)
  expect(await document(world, `${PROBES}/manifests/${TAG}`)).toEqual(index)
  expect(await tags()).toMatchObject({ body: { tags: [TAG] } })
})

test('if the eBPF probe of a kernel is withdrawn, the module stays, under an index without the eBPF probe', async () => {
  const world = await published()
  const before = await document(world, `${PROBES}/manifests/${TAG}`)
  const key = await publishMore(world, { kind: 'ebpf' })
  const { digest } = (await world.memory.imageItems.tagged(`${PROBES}:${TAG}`))!
  withdraw(world, key)
  await packages(world.publishPorts, key)
  expect(await document(world, `${PROBES}/manifests/${TAG}`)).toEqual(before)
  expect(errorOf(await ask(world, `${PROBES}/manifests/${digest}`))).toMatchObject({
    code: 'MANIFEST_UNKNOWN',
  })
})

test('a driver version answers 404 while the settings revoke it, and is served again without that setting', async () => {
  const world = await published()
  for (const path of ['manifests/x', 'tags/list', `manifests/${TAG}`])
    expect(errorOf(await ask(world, `${PROBES}/${path}`, { revoked: ['1.2.3+driver'] }))).toMatchObject({
      ...{
        status: 404,
        code: 'MANIFEST_UNKNOWN',
        message: expect.stringContaining('1.2.3+driver was revoked'),
      },
    })
  expect(await document(world, `${PROBES}/manifests/${TAG}`)).toMatchObject({ schemaVersion: 2 })
})

const A = 'a'.repeat(64)
test.each([
  [
    `${PROBES}/manifests/debian_6.1.9-amd64_1`,
    404,
    'MANIFEST_UNKNOWN',
    'GET /driver/1.2.3+driver/x86_64/falco_debian_6.1.9-amd64_1.ko builds it',
  ],
  [`${PROBES}/manifests/latest`, 404, 'MANIFEST_UNKNOWN', 'tags are TARGET_RELEASE_VERSION'],
  [`${PROBES}/manifests/sha256:${A}`, 404, 'MANIFEST_UNKNOWN', 'has no manifest'],
  [`${PROBES}/manifests/sha256-${A}.sig`, 404, 'MANIFEST_UNKNOWN', 'no manifest here signs'],
  [`${PROBES}/manifests/sha256:${'A'.repeat(64)}`, 400, 'DIGEST_INVALID', 'not a digest'],
  [`${PROBES}/manifests/sha256:abc`, 400, 'DIGEST_INVALID', 'not a digest'],
  [`${PROBES}/manifests/-x`, 404, 'MANIFEST_UNKNOWN', 'not a tag'],
  [`${PROBES}/blobs/sha256:${A}`, 404, 'BLOB_UNKNOWN', 'has no blob'],
  [`${PROBES}/blobs/sha512:${A}`, 404, 'BLOB_UNKNOWN', 'sha256 digests only'],
  [`${PROBES}/blobs/none`, 400, 'DIGEST_INVALID', 'not a digest'],
  ['probes/scap/9.9.9/tags/list', 404, 'NAME_UNKNOWN', 'ever published'],
  ['library/debian/manifests/12', 404, 'NAME_UNKNOWN', 'docs/images.md'],
  ['probes/scap/../../etc/manifests/x', 400, 'NAME_INVALID', 'not the name of a repository'],
  ['Probes/scap/1/tags/list', 400, 'NAME_INVALID', 'not the name of a repository'],
  ['_catalog', 404, 'UNSUPPORTED', 'no such path'],
  [`${PROBES}/tags/other`, 404, 'UNSUPPORTED', 'tags/list'],
  [`${PROBES}/blobs/uploads/`, 404, 'UNSUPPORTED', 'no such path'],
])('%s is refused with the error of the protocol: %s %s', async (path, status, code, words) => {
  expect(errorOf(await ask(await published(), path))).toEqual({
    status,
    code,
    message: expect.stringContaining(words),
  })
})

test('a repository does not serve a blob of another driver version', async () => {
  const world = await published()
  const { sha256: hex } = world.state() as Published
  expect(errorOf(await ask(world, `probes/falco/1.2.4_driver/blobs/sha256:${hex}`))).toMatchObject({
    code: 'BLOB_UNKNOWN',
  })
})

test('the list of tags has pages, and a negative page size is refused', async () => {
  const world = await published()
  await publishMore(world, { kernelRelease: '6.1.2-1-amd64' })
  expect(await ask(world, `${PROBES}/tags/list`, { query: { n: '1' } })).toMatchObject({
    body: { tags: [TAG] },
    headers: { link: `</v2/${PROBES}/tags/list?n=1&last=${TAG}>; rel="next"` },
  })
  const rest = await ask(world, `${PROBES}/tags/list`, { query: { n: '1', last: TAG } })
  expect(rest).toMatchObject({ body: { tags: ['debian_6.1.2-1-amd64_1'] } })
  expect(rest.headers).not.toHaveProperty('link')
  expect(errorOf(await ask(world, `${PROBES}/tags/list`, { query: { n: '-1' } }))).toMatchObject({
    status: 400,
  })
})

test('a push is refused', async () => {
  const world = await published()
  await expect(ask(world, `${PROBES}/manifests/${TAG}`, { method: 'PUT' })).rejects.toMatchObject({
    code: 'method-not-allowed',
  })
})

test('if two writers update one tag at the same time, the older state does not win', async () => {
  const world = await published()
  const ebpf = keyOf({ ...probeOf(KEY), kind: 'ebpf' })
  const state = world.state() as Published
  world.memory.inside.states.set(ebpf, state)
  withdraw(world)
  await Promise.all([
    packages(world.publishPorts, KEY),
    packages(world.publishPorts, ebpf),
    packages(world.publishPorts, KEY),
  ])
  expect(await world.memory.imageItems.tagged(`${PROBES}:${TAG}`)).toMatchObject({ of: [ebpf] })
})
