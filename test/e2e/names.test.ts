// Tests how the registry and `probe-registry name` explain a probe's name, and that all aliases have one canonical name.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pinned } from '../support/registry/kernels.ts'
import {
  ask,
  curl,
  DRIVER_VERSION,
  type Registry,
  scratch,
  sh,
  startRegistry,
} from '../support/registry/registry.ts'

let registry: Registry
let work: Awaited<ReturnType<typeof scratch>>
const version = encodeURIComponent(DRIVER_VERSION)

beforeAll(async () => {
  work = await scratch()
  registry = await startRegistry({ dataDir: work.dir })
}, 120_000)
afterAll(async () => {
  await registry.stop()
  await work.remove()
})

const names = async (url: string) =>
  JSON.parse((await ask(`${registry.url}/v1/names?url=${encodeURIComponent(url)}`)).body)

describe('GET /v1/names', () => {
  test('answers with the layout, the parts, the canonical URL and the clients of a name', async () => {
    const url = `https://example.org/driver/${version}/x86_64/scap_debian_6.1.192-2-amd64_1.ko`
    expect(await names(url)).toMatchObject({
      tag: 'probe',
      layout: 'current',
      parts: { target: 'debian', kernelRelease: '6.1.192-2-amd64' },
      canonical: `/driver/${DRIVER_VERSION}/x86_64/scap_debian_6.1.192-2-amd64_1.ko`,
      clients: expect.arrayContaining([expect.stringContaining('falcoctl')]),
    })
  })

  test('lists no clients for a name that no client computes', async () => {
    const url = '/driver/3.0.0%2Bdriver/x86_64/falco_ubuntu-hwe_5.15.0-33-hwe_34~20.04.1.ko'
    expect(await names(url)).toMatchObject({ clients: [], unreachable: expect.any(String) })
  })

  test('explains why a name is malformed', async () => {
    expect(await names('/driver/x/falco_debian')).toMatchObject({ tag: 'malformed', why: expect.any(String) })
    expect((await ask(`${registry.url}/v1/names`)).status).toBe(400)
  })
})

test('`probe-registry name` prints the layout and the canonical URL of a name', async () => {
  const path = `/driver/${version}/scap_debian_6.1.192-2-amd64_3.ko`
  const said = await sh('npx', ['--no-install', 'probe-registry', 'name', path])
  expect(said).toMatch(/layout: +flat/)
  expect(said).toMatch(/canonical: +\/driver\/.*\/x86_64\/scap_debian_6\.1\.192-2-amd64_1\.ko/)
})

test('the answers to all aliases of a probe name the canonical URL, and no alias causes a second build', async () => {
  const { release, unameRelease } = pinned('6.1', 'cloud-amd64')
  const canonical = `/driver/${DRIVER_VERSION}/x86_64/scap_debian_${release}_1.ko`
  expect(await curl(['-fsSL', '-o', '/dev/null', `${registry.url}${canonical}`])).toMatchObject({ code: 0 })
  const aliases = [
    `/driver/${version}/scap_debian_${release}_1.ko`,
    `/scap-drivers/${version}/x86_64/scap_debian_${release}_3.ko`,
    `/mirror/of/ours/${version}/x86_64/scap_debian_${release}_1.ko`,
    `/driver/${version}/x86_64/scap_debian_${unameRelease}_1.ko`,
  ]
  // After the gateway decoded this URL, it is the canonical name.
  const whole = `${registry.url}/${encodeURIComponent(canonical.slice(1))}`
  const { stdout: ofWhole } = await curl(['-sS', '-o', '/dev/null', '-D', '-', whole])
  expect(ofWhole).toMatch(/^HTTP\/1.1 307/)
  expect(ofWhole).not.toContain('rel="canonical"')
  for (const alias of aliases) {
    // If only the archive can resolve the name, the first request is redirected, and the next ones are served from the cache.
    expect(await curl(['-fsSL', '-o', '/dev/null', registry.url + alias]), alias).toMatchObject({ code: 0 })
    const { stdout } = await curl(['-sS', '-o', '/dev/null', '-D', '-', '--path-as-is', registry.url + alias])
    expect(stdout, alias).toContain(`link: <${canonical}>; rel="canonical"`)
    expect(stdout, alias).toMatch(/^HTTP\/1.1 307/)
  }
  expect((await sh('sh', ['-c', `ls ${work.dir}/builds/*.log | wc -l`])).trim()).toBe('1')
}, 120_000)
