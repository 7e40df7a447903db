// Tests the image registry with real clients over plain HTTP: skopeo and umoci of Debian, and cosign where it is installed. The
// registry builds the probe first.

import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modulesDepBin } from '../../lib/formats/modules-dep.ts'
import { commandsOf, documents } from '../support/documents/markdown.ts'
import { startCut } from '../support/images/cut.ts'
import { type OtherRegistry, startOtherRegistry } from '../support/images/registry.ts'
import { run } from '../support/images/run.ts'
import { startTokenServer } from '../support/images/tokens.ts'
import { cosign, skopeo, type Tool, umoci, whyNoCosign } from '../support/images/tools.ts'
import { eventually } from '../support/registry/eventually.ts'
import { pinned } from '../support/registry/kernels.ts'
import {
  ask,
  curl,
  freePort,
  type Registry,
  scratch,
  sh,
  startRegistry,
} from '../support/registry/registry.ts'
import { testUnless } from '../support/unless.ts'

const ROOT = join(import.meta.dirname, '../..')
const DRIVER_VERSION = '0.20.0'
const kernel = pinned('6.1', 'amd64')
const path = `/driver/${DRIVER_VERSION}/x86_64/scap_debian_${kernel.release}_1.ko`
const tag = `debian_${kernel.release}_1`
const PROBES = `probes/scap/${DRIVER_VERSION}`
const MODULES = `modules/scap/${DRIVER_VERSION}`

let work: Awaited<ReturnType<typeof scratch>>
let registry: Registry
let reads: Tool
let unpacks: Tool
let host: string
beforeAll(async () => {
  work = await scratch()
  reads = skopeo(work.dir)
  unpacks = umoci(work.dir)
  registry = await startRegistry({ dataDir: join(work.dir, 'data') })
  host = registry.url.replace('http://', '')
  expect(await curl(['-fsSL', '-o', join(work.dir, 'probe.ko'), registry.url + path])).toMatchObject({
    code: 0,
  })
  await eventually('the tag is there', isTagged)
})
afterAll(async () => {
  await registry?.stop()
  await work?.remove()
})

const manifest = (name: string, reference: string) => ask(`${registry.url}/v2/${name}/manifests/${reference}`)
const isTagged = async () => {
  const found = await Promise.all([PROBES, MODULES].map((name) => manifest(name, tag)))
  return found.every(({ status }) => status === 200) ? true : undefined
}
const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')
const digestOf = async (name: string) => `sha256:${sha256((await manifest(name, tag)).body)}`
/** The arguments of the document's command, with the kernel and the registry of these tests. */
function documented(start: string): string[] {
  const [line = ''] = documents()
    .flatMap(commandsOf)
    .filter((command) => command.startsWith(start))
  expect(line).toContain('6.1.192-2-amd64')
  const own = line.replaceAll('6.1.192-2-amd64', kernel.release).replaceAll('127.0.0.1:8080', host)
  return own.split(' ').slice(start.startsWith('npx') ? 4 : 1)
}
const image = (name: string, reference: string) => `docker://${host}/${name}${reference}`
const PLAIN = '--src-tls-verify=false'

test('skopeo reads an image of the module by its tag and by its digest', async () => {
  for (const reference of [`:${tag}`, `@${await digestOf(MODULES)}`]) {
    const told = await reads('inspect', '--tls-verify=false', image(MODULES, reference))
    expect(told).toMatchObject({ code: 0 })
    expect(JSON.parse(told.stdout)).toMatchObject({
      ...{ Architecture: 'amd64', Os: 'linux', RepoTags: [tag] },
      Labels: { 'org.opencontainers.image.version': DRIVER_VERSION },
    })
  }
})

test('umoci unpacks the copy of skopeo: the module is below /opt, with the index that modprobe reads', async () => {
  const layout = join(work.dir, 'layout')
  expect(await reads('copy', PLAIN, image(MODULES, `:${tag}`), `oci:${layout}:module`)).toMatchObject({
    code: 0,
  })
  const bundle = join(work.dir, 'bundle')
  expect(await unpacks('unpack', '--rootless', '--image', `${layout}:module`, bundle)).toMatchObject({
    code: 0,
  })
  const place = join(bundle, 'rootfs/opt/lib/modules', kernel.unameRelease)
  expect(readdirSync(place).sort()).toEqual(['modules.dep', 'modules.dep.bin', 'scap.ko'])
  expect(readFileSync(join(place, 'scap.ko'))).toEqual(readFileSync(join(work.dir, 'probe.ko')))
  expect(readFileSync(join(place, 'modules.dep.bin'))).toEqual(Buffer.from(modulesDepBin('scap', 'scap.ko')))
})

test('skopeo copies the index of a probe with all its blobs, and each digest is right', async () => {
  const folder = join(work.dir, 'artifact')
  mkdirSync(folder)
  const command = documented('skopeo copy --all --src-tls-verify=false').map((part) =>
    part === 'dir:probe' ? `dir:${folder}` : part,
  )
  expect(await reads(...command)).toMatchObject({ code: 0 })
  const files = readdirSync(folder)
  const blobs = files.filter((name) => /^[0-9a-f]{64}$/.test(name))
  for (const name of blobs) expect(sha256(readFileSync(join(folder, name)))).toBe(name)
  expect(blobs).toContain(sha256(readFileSync(join(work.dir, 'probe.ko'))))
  expect(sha256(readFileSync(join(folder, 'manifest.json')))).toBe((await digestOf(PROBES)).slice(7))
})

test('answers a range request for a blob with that part', async () => {
  const probe = readFileSync(join(work.dir, 'probe.ko'))
  const url = `${registry.url}/v2/${PROBES}/blobs/sha256:${sha256(probe)}`
  const part = join(work.dir, 'part')
  expect(await curl(['-fsSL', '-r', '10-19', '-o', part, '-w', '%{http_code}', url])).toMatchObject({
    stdout: '206',
  })
  expect(readFileSync(part)).toEqual(probe.subarray(10, 20))
  const head = await curl(['-sSIL', url])
  expect(head.stdout).toMatch(/HTTP\/1.1 307[\s\S]*HTTP\/1.1 200/)
  expect(head.stdout).toMatch(new RegExp(`content-length: ${probe.length}`, 'i'))
})

test('openssl verifies the signature of an image with the PEM key of the registry', async () => {
  const digest = await digestOf(PROBES)
  const signature = JSON.parse((await manifest(PROBES, `${digest.replace(':', '-')}.sig`)).body) as {
    layers: { digest: string; annotations: Record<string, string> }[]
  }
  const [layer] = signature.layers
  const [key, signed, payload] = ['key.pem', 'signed', 'payload'].map((name) => join(work.dir, name))
  await curl(['-fsS', '-o', key!, `${registry.url}/keys/falco-probes.pem`])
  await curl(['-fsSL', '-o', payload!, `${registry.url}/v2/${PROBES}/blobs/${layer!.digest}`])
  const base64 = layer!.annotations['dev.cosignproject.cosign/signature']!
  await sh('sh', ['-c', `echo ${base64} | base64 -d >${signed}`])
  expect(
    await sh('openssl', ['dgst', '-sha256', '-verify', key!, '-signature', signed!, payload!]),
  ).toContain('Verified OK')
})

testUnless(whyNoCosign())(
  'cosign verifies an index, and the manifests in it, by that key and by no other',
  async () => {
    const verify = cosign(work.dir)
    const key = join(work.dir, 'cosign.pem')
    await curl(['-fsS', '-o', key, `${registry.url}/keys/falco-probes.pem`])
    const own = documented('cosign verify').map((part) => (part === 'falco-probes.pem' ? key : part))
    expect(await verify(...own)).toMatchObject({ code: 0 })
    const how = ['verify', '--insecure-ignore-tlog=true', '--allow-http-registry']
    for (const name of [PROBES, MODULES]) {
      const index = JSON.parse((await manifest(name, tag)).body) as { manifests: { digest: string }[] }
      for (const reference of [`:${tag}`, ...index.manifests.map(({ digest }) => `@${digest}`)])
        expect(await verify(...how, '--key', key, `${host}/${name}${reference}`)).toMatchObject({ code: 0 })
    }
    const other = join(work.dir, 'other.pem')
    await sh('openssl', ['genrsa', '-out', `${other}.key`, '2048'])
    await sh('openssl', ['rsa', '-in', `${other}.key`, '-pubout', '-out', other])
    expect(await verify(...how, '--key', other, `${host}/${PROBES}:${tag}`)).toMatchObject({
      stderr: expect.stringContaining('no matching signatures'),
    })
  },
)

test('clients show why the registry refuses a missing tag, a missing digest or a malformed name', async () => {
  const refusal = async (name: string, reference: string) => {
    const { code, stderr } = await reads('inspect', '--raw', '--tls-verify=false', image(name, reference))
    expect(code).not.toBe(0)
    return stderr
  }
  const missing = tag.replace('amd64', 'cloud-amd64')
  expect(await refusal(PROBES, `:${missing}`)).toContain(
    `GET ${path.replace('amd64', 'cloud-amd64')} builds it`,
  )
  expect(await refusal(PROBES, `@sha256:${'a'.repeat(64)}`)).toContain('manifest unknown')
  expect(await refusal('probes/scap', `:${tag}`)).toContain(
    'name unknown: repositories are probes/DRIVER/VERSION',
  )
  expect((await ask(`${registry.url}/v2/probes/../../etc/passwd/manifests/x`)).body).toContain('NAME_INVALID')
})

test('refuses a push by skopeo', async () => {
  const { code, stderr } = await reads(
    'copy',
    '--dest-tls-verify=false',
    `dir:${join(work.dir, 'artifact')}`,
    image('probes/scap/9', ':x'),
  )
  expect(code).not.toBe(0)
  expect(stderr).toMatch(/405|unsupported/i)
})

test('the index of falcoctl has the driver version and the URL of the key', async () => {
  const { body } = await ask(`${registry.url}/falcoctl/index.yaml`)
  expect(body).toContain(
    `
- name: "scap-${DRIVER_VERSION}"
  type: asset
  registry: "${host}"
  repository: "${PROBES}"
`.trimStart(),
  )
  expect(body).toContain(`key: "${registry.url}/keys/falco-probes.pem"`)
})

/** The user `someone` with PASSWORD, hashed by bcrypt: $2b$04$... */
function htpasswd(): string {
  const file = join(work.dir, 'htpasswd')
  writeFileSync(file, 'someone:$2b$04$abcdefghijklmnopqrstuujV0zJ3tj1V5vPQQ5i8Bd/sbbeTbZTaC\n')
  return `  htpasswd: {realm: images, path: "${file}"}`
}
const PASSWORD = 'secret-word'

describe('a push to another registry', () => {
  /** Runs the command as a user does, with a home folder of its own. */
  const pushes = (env: Record<string, string>, ...args: string[]) =>
    run(
      process.execPath,
      [join(ROOT, 'client/probe-registry.js'), 'push', '--plain-http', ...args],
      work.dir,
      env,
    )
  const url = () => `${registry.url}${path}`
  let other: OtherRegistry
  beforeAll(async () => {
    other = await startOtherRegistry(work.dir)
  })
  afterAll(() => other?.stop())

  test('copies the complete index of a kernel under the same digest, and skopeo reads it there', async () => {
    const digest = await digestOf(PROBES)
    const [plain, from, to] = documented('npx --no-install probe-registry push')
    expect({ plain, from }).toEqual({ plain: '--plain-http', from: url() })
    expect(await pushes({}, from!, to!.replace(/^[^/]+\/mirror/, `${other.host}/copy`))).toMatchObject({
      ...{ code: 0, stdout: `${other.host}/copy/probes:${tag}@${digest}\n` },
    })
    const folder = join(work.dir, 'copied')
    mkdirSync(folder)
    const image = `docker://${other.host}/copy/probes@${digest}`
    expect(await reads('copy', '--all', PLAIN, image, `dir:${folder}`)).toMatchObject({ code: 0 })
    expect(readdirSync(folder)).toContain(sha256(readFileSync(join(work.dir, 'probe.ko'))))
  })

  test('copies an image of the module under another tag', async () => {
    expect(await pushes({}, '--modules', url(), `${other.host}/kmm:mine`)).toMatchObject({ code: 0 })
    const told = await reads('inspect', '--tls-verify=false', `docker://${other.host}/kmm:mine`)
    expect(JSON.parse(told.stdout)).toMatchObject({ Architecture: 'amd64' })
  })

  testUnless(whyNoCosign())('brings the signatures, by which cosign verifies what was copied', async () => {
    const key = join(work.dir, 'pushed.pem')
    await curl(['-fsS', '-o', key, `${registry.url}/keys/falco-probes.pem`])
    const how = ['verify', '--insecure-ignore-tlog=true', '--allow-http-registry', '--key', key]
    expect(await cosign(work.dir)(...how, `${other.host}/copy/probes:${tag}`)).toMatchObject({ code: 0 })
  })

  test('sends no blob that the other registry already has', async () => {
    const { code, stderr } = await pushes({}, url(), `${other.host}/copy/probes`)
    expect(code).toBe(0)
    expect(stderr).toMatch(/ is there\n/)
    expect(stderr).not.toMatch(/pushed, \d+ bytes/)
  })

  test('continues after a broken connection, and the copy is complete', async () => {
    const road = await startCut(other.host)
    try {
      road.breakOff(2, 100_000)
      const done = await pushes({}, url(), `${road.host}/broken/probes`)
      expect(done).toMatchObject({ code: 0 })
      expect(road.broken()).toBe(2)
      const folder = join(work.dir, 'mended')
      mkdirSync(folder)
      const image = `docker://${other.host}/broken/probes:${tag}`
      expect(await reads('copy', '--all', PLAIN, image, `dir:${folder}`)).toMatchObject({ code: 0 })
    } finally {
      road.stop()
    }
  })

  test('that fails leaves no tag, and the same command continues it', async () => {
    const road = await startCut(other.host)
    try {
      road.breakOff(1000, 100_000)
      const broken = await pushes({}, url(), `${road.host}/late/probes`)
      expect(broken).toMatchObject({ code: 1, stderr: expect.stringContaining('breaks off again and again') })
      expect((await ask(`http://${other.host}/v2/late/probes/manifests/${tag}`)).status).toBe(404)
      road.breakOff(0, 0)
      const done = await pushes({}, url(), `${road.host}/late/probes`)
      expect(done).toMatchObject({
        code: 0,
        stderr: expect.stringMatching(/ is there\n[\s\S]*pushed, \d+ bytes/),
      })
    } finally {
      road.stop()
    }
  })

  test('reports why it fails: a missing probe, an unreachable registry, or wrong arguments', async () => {
    const missing = await pushes({}, url().replace('amd64', 'cloud-amd64'), `${other.host}/x`)
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('builds it') })
    const nowhere = await pushes({}, url(), `127.0.0.1:${await freePort()}/x`)
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('ECONNREFUSED') })
    for (const args of [[], [url()], [path, 'a.example/x'], [url(), 'x'], [url(), 'a.example/X']])
      expect(await pushes({}, ...args)).toMatchObject({ code: 2, stderr: expect.stringContaining('Usage: ') })
  })

  test.each(['basic', 'token'] as const)(
    'with %s authentication reads the password from the environment or a file, and does not print it',
    async (kind) => {
      const tokens = await startTokenServer(work.dir, 'someone', PASSWORD)
      const closed = await startOtherRegistry(work.dir, { auth: kind === 'token' ? tokens.auth : htpasswd() })
      try {
        const place = `${closed.host}/closed/probes`
        const nobody = await pushes({}, url(), place)
        expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('REGISTRY_USERNAME') })
        const wrong = await pushes(
          { REGISTRY_USERNAME: 'someone', REGISTRY_PASSWORD: 'wrong-one' },
          url(),
          place,
        )
        expect(wrong).toMatchObject({ code: 1, stderr: expect.stringMatching(/401/) })
        expect(wrong.stderr).not.toContain('wrong-one')
        const config = join(work.dir, `${kind}.json`)
        const auth = Buffer.from(`someone:${PASSWORD}`).toString('base64')
        writeFileSync(config, JSON.stringify({ auths: { [closed.host]: { auth } } }))
        const right = await pushes({ REGISTRY_AUTH_FILE: config }, url(), place)
        expect(right).toMatchObject({ code: 0 })
        expect(right.stdout + right.stderr).not.toContain(PASSWORD)
        expect(right.stdout + right.stderr).not.toContain(auth)
      } finally {
        tokens.stop()
        await closed.stop()
      }
    },
  )
})

test('clients cannot read a withdrawn probe, and see the reason, until the withdrawal is undone', async () => {
  const withdraw = (...args: string[]) =>
    sh('npx', ['--no-install', 'probe-registry', 'withdraw', '--data', registry.dataDir, ...args], ROOT)
  const before = await digestOf(PROBES)
  await withdraw(path, 'it panics')
  const { stderr } = await reads('inspect', '--raw', '--tls-verify=false', image(PROBES, `@${before}`))
  expect(stderr).toContain('it panics')
  await eventually('the list has the tag no more', async () => {
    const { body } = await ask(`${registry.url}/v2/${PROBES}/tags/list`)
    return body.includes(tag) ? undefined : true
  })
  await withdraw('--undo', path)
  await eventually('the tag is there again', isTagged)
  expect(await digestOf(PROBES)).toBe(before)
})
