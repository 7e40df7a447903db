// Tests every route of the API in a running registry: each answer conforms to the OpenAPI document.

import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openApiDocument } from '../../lib/api/openapi.ts'
import { conforms } from '../support/api.ts'
import { configBytes } from '../support/kconfig/vectors.ts'
import { pinned } from '../support/registry/kernels.ts'
import { curl, DRIVER_VERSION, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'

let registry: Registry
let work: Awaited<ReturnType<typeof scratch>>
/** parts of paths */
let parts: Record<string, string>
const SHA256 = 'ab'.repeat(32)

beforeAll(async () => {
  work = await scratch()
  registry = await startRegistry({ dataDir: work.dir })
  const { release } = pinned('6.1', 'amd64')
  const name = `scap_debian_${release}_1.ko`
  // After the registry has read the archive's lists, a driver version that they lack is unknown.
  await curl(['-fsS', `${registry.url}/v1/driver-versions/newest`])
  parts = { driverVersion: DRIVER_VERSION, arch: 'x86_64', file: name, config: SHA256, release }
  await curl(['-fsSL', '-o', '/dev/null', `${registry.url}/driver/${DRIVER_VERSION}/x86_64/${name}`])
}, 180_000)
afterAll(async () => {
  await registry.stop()
  await work.remove()
})

const fill = (path: string, own: Record<string, string> = {}): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, part: string) => own[part] ?? parts[part] ?? `{${part}}`)

/** Sends a request, checks the answer against the document, and returns it. */
async function ask(method: 'get' | 'post', path: string, url: string, ...args: string[]) {
  const { stdout } = await curl(['-sS', '-i', '--path-as-is', ...args, registry.url + url], work.dir)
  const [head = '', ...rest] = stdout.replace(/^HTTP\/1.1 100 Continue\r\n\r\n/, '').split('\r\n\r\n')
  const headers = Object.fromEntries(
    head
      .split('\r\n')
      .slice(1)
      .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  )
  const status = Number(head.split(' ')[1])
  const body = rest.join('\r\n\r\n')
  conforms({ method, path, status, type: headers['content-type'], headers, body })
  return { status, body, json: () => JSON.parse(body) }
}

describe('the answers to', () => {
  const PROBE = '/driver/{driverVersion}/{arch}/{file}'
  const BESIDE = `${PROBE}.{companion}`
  const OWN = '/config/{config}/{driverVersion}/{arch}/{file}'

  test.each([
    ['a probe', PROBE, {}, 307],
    ['a probe of an unknown driver version', PROBE, { driverVersion: '99' }, 404],
    ['a probe of an unknown target', PROBE, { file: 'falco_templeos_1.0_1.ko' }, 404],
    ['what is no name', PROBE, { arch: 'pdp11' }, 400],
    ['.json', BESIDE, { companion: 'json' }, 200],
    ['.log', BESIDE, { companion: 'log' }, 307],
    ['.asc', BESIDE, { companion: 'asc' }, 307],
    ['.sha256', BESIDE, { companion: 'sha256' }, 307],
    [
      '.json of a probe that is not built',
      BESIDE,
      { companion: 'json', file: 'scap_debian_6.1.1-1-amd64_1.ko' },
      404,
    ],
    ['a probe of a kernel that was not submitted', OWN, {}, 404],
    ['.json of it', `${OWN}.{companion}`, { companion: 'json' }, 404],
    ['the signing key', '/keys/falco-probes.asc', {}, 200],
    ['the document', '/openapi.json', {}, 200],
    ['the driver versions', '/v1/driver-versions', {}, 200],
    ['the newest of them', '/v1/driver-versions/newest', {}, 200],
    ['the targets', '/v1/targets', {}, 200],
  ])('%s conform to the document', async (_, path, own, status) => {
    expect((await ask('get', path, fill(path, own as Record<string, string>))).status).toBe(status)
  })

  test.each(['', '.asc', '.sha256', '.log', '.json'])(
    'HEAD of a probe%s have the content length of GET',
    async (beside) => {
      const url = registry.url + fill(PROBE) + beside
      const get = await curl(['-fsSL', '-o', '/dev/null', '-w', '%{size_download}', url])
      const head = await curl(['-fsSLI', '-o', '/dev/null', '-w', '%header{content-length}', url])
      expect(head, head.stderr).toMatchObject({ code: 0, stdout: get.stdout })
      expect(Number(get.stdout)).toBeGreaterThan(0)
    },
  )

  test('a probe are its bytes, even if the client sends an Authorization meant for a proxy through all redirects', async () => {
    const url = registry.url + fill(PROBE)
    const plain = await curl(['-fsSL', '-o', '/dev/null', '-w', '%{size_download}', url])
    for (const follow of ['-L', '--location-trusted']) {
      const header = ['-H', 'Authorization: Basic eDp5']
      const got = await curl(['-fsS', follow, ...header, '-o', '/dev/null', '-w', '%{size_download}', url])
      expect(got, got.stderr).toMatchObject({ code: 0, stdout: plain.stdout })
    }
  })

  test('a submission conform to the document, good and bad, as a form and as JSON', async () => {
    const facts = ['release=5.15.102-talos', 'version=#1 SMP', 'machine=x86_64']
    const form = (...fields: string[]) => fields.flatMap((field) => ['-F', field])
    const config = `config=@${process.cwd()}/test/vectors/kernel-configs/talos_5.15.102-talos_1_v1.3.6.config.gz`
    const post = (...args: string[]) => ask('post', '/v1/probes', '/v1/probes', ...args)
    const good = await post(...form(config, ...facts))
    expect(good).toMatchObject({ status: 200 })
    expect(good.json().probes[0]).toMatchObject({ state: 'refused' })
    const json = JSON.stringify({
      config: configBytes('talos_5.15.102-talos_1_v1.3.6').toString('base64'),
      release: '5.15.102-talos',
      version: '#1 SMP',
      machine: 'x86_64',
    })
    await writeFile(`${work.dir}/body.json`, json)
    const same = await post('-H', 'content-type: application/json', '--data-binary', '@body.json')
    // Meanwhile the plan of the other probe continues.
    const submitted = ({ probes, ...kernel }: ReturnType<typeof good.json>) => [
      kernel,
      probes.map(({ id, url, follow }: Record<string, string>) => ({ id, url, follow })),
    ]
    expect(same).toMatchObject({ status: 200 })
    expect(submitted(same.json())).toEqual(submitted(good.json()))
    expect((await post(...form(...facts))).status).toBe(400)
    expect((await post(...form(config, ...facts, 'x=y'))).status).toBe(400)
    expect((await post(...form(config, 'release=6.1.1', 'version=#1', 'machine=x86_64'))).status).toBe(422)
    expect((await post(...form(config, ...facts, 'driver-version=99'))).status).toBe(404)
    await writeFile(`${work.dir}/big`, Buffer.alloc(20_000_000))
    expect((await post(...form('config=@big', ...facts))).status).toBe(413)
    await writeFile(`${work.dir}/medium`, Buffer.alloc(5_000_000))
    expect((await post(...form('config=@medium', ...facts))).status).toBe(413)
  })

  test('lists of probes and to a single probe conform to the document', async () => {
    const list = (query: string) => ask('get', '/v1/probes', `/v1/probes${query}`)
    const release = `?release=${parts.release}`
    const all = (await list(release)).json()
    expect(all.probes).toMatchObject([{ state: 'published', kernelRelease: parts.release, kind: 'kmod' }])
    expect((await list(`${release}&state=failed`)).json().probes).toEqual([])
    expect(
      (await list(`${release}&target=debian&driverVersion=${encodeURIComponent(DRIVER_VERSION)}`)).json(),
    ).toEqual(all)
    expect((await list('?limit=1')).json().probes.length).toBeLessThanOrEqual(1)
    for (const bad of ['?limit=0', '?limit=x', '?state=x', '?colour=red', '?cursor=x'])
      expect((await list(bad)).status, bad).toBe(400)
    const [{ id, follow }] = all.probes
    const one = (query = '') => ask('get', '/v1/probes/{id}', `${follow}${query}`)
    expect((await one()).json()).toEqual(all.probes[0])
    expect((await one('?wait=20')).json()).toEqual(all.probes[0])
    expect((await one('?wait=99')).status).toBe(400)
    expect((await ask('get', '/v1/probes/{id}', `/v1/probes/${id}x`)).status).toBe(400)
  })

  test('names conform to the document', async () => {
    const names = (query: string) => ask('get', '/v1/names', `/v1/names${query}`)
    expect((await names(`?url=/driver/1/x86_64/${parts.file}`)).status).toBe(200)
    expect((await names('?url=hello')).status).toBe(200)
    expect((await names(`?url=/x/falco-probe-1-x86_64-6.1-${'a'.repeat(32)}.ko`)).status).toBe(200)
    expect((await names('')).status).toBe(400)
  })
})

test('the document resolves every reference and declares every path parameter', async () => {
  const document = (await ask('get', '/openapi.json', '/openapi.json')).json()
  const text = JSON.stringify(document)
  for (const [, name = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
    expect(document.components.schemas).toHaveProperty(name)
  expect(text.match(/"\$ref":"(?!#\/components\/schemas\/)/)).toBeNull()
  const ids: string[] = []
  for (const [path, methods] of Object.entries<Record<string, Operation>>(document.paths)) {
    for (const operation of Object.values(methods)) {
      ids.push(operation.operationId)
      const declared = operation.parameters.filter((p) => p.in === 'path').map((p) => p.name)
      expect(declared.sort()).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, part]) => part).sort())
      for (const response of Object.values(operation.responses)) expect(response.description).toMatch(/./)
    }
  }
  expect(new Set(ids).size).toBe(ids.length)
})

test('every example of the document is a well-formed request', async () => {
  const document = openApiDocument() as unknown as { paths: Record<string, Record<string, Operation>> }
  let tried = 0
  for (const [path, operations] of Object.entries(document.paths)) {
    const { get, post } = operations
    if (get !== undefined) {
      const example = ({ schema }: Parameter) => encodeURIComponent(schema.examples?.[0] ?? '')
      const inPath = get.parameters.filter((p) => p.in === 'path')
      const query = get.parameters.filter((p) => p.in === 'query' && p.schema.examples !== undefined)
      const filled = fill(path, Object.fromEntries(inPath.map((p) => [p.name, example(p)])))
      // HEAD does not start a build of the example's probe.
      const method = inPath.some((p) => p.name === 'file') ? ['-I'] : []
      for (const pairs of [query, ...query.map((one) => [one])].slice(0, query.length === 0 ? 1 : 9)) {
        const search = pairs.map((p) => `${p.name}=${example(p)}`).join('&')
        const url = `${registry.url}${filled}${search === '' ? '' : `?${search}`}`
        const { stdout } = await curl(['-sS', '-o', '/dev/null', '-w', '%{http_code}', ...method, url])
        expect([path, search, stdout]).toEqual([path, search, expect.stringMatching(/^(?:200|307|404)$/)])
        tried += 1
      }
    }
    for (const [type, { example }] of Object.entries(post?.requestBody?.content ?? {})) {
      if (example === undefined) continue
      await writeFile(`${work.dir}/example`, JSON.stringify(example))
      const answer = await ask('post', path, path, '-H', `content-type: ${type}`, '--data-binary', '@example')
      expect(answer).toMatchObject({ status: 200 })
      tried += 1
    }
  }
  expect(tried).toBeGreaterThan(12)
})

interface Parameter {
  readonly in: string
  readonly name: string
  readonly schema: { readonly examples?: readonly string[] }
}
interface Operation {
  readonly operationId: string
  readonly parameters: Parameter[]
  readonly requestBody?: { readonly content: Record<string, { readonly example?: unknown }> }
  readonly responses: Record<string, { readonly description: string }>
}
