// What a name means, asked of the registry and of the command, and one canonical name for all of them.

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
  test('tells the layout, the parts, the canonical URL and the clients of a name', async () => {
    const url = `https://example.org/driver/${version}/x86_64/scap_debian_6.1.192-2-amd64_1.ko`
    expect(await names(url)).toMatchObject({
      tag: 'probe',
      layout: 'current',
      parts: { target: 'debian', kernelRelease: '6.1.192-2-amd64' },
      canonical: `/driver/${DRIVER_VERSION}/x86_64/scap_debian_6.1.192-2-amd64_1.ko`,
      clients: expect.arrayContaining([expect.stringContaining('falcoctl')]),
    })
  })

  test('tells that nobody asks for a name that no client computes', async () => {
    const url = '/driver/3.0.0%2Bdriver/x86_64/falco_ubuntu-hwe_5.15.0-33-hwe_34~20.04.1.ko'
    expect(await names(url)).toMatchObject({ clients: [], unreachable: expect.any(String) })
  })

  test('tells what is wrong with what is no name', async () => {
    expect(await names('/driver/x/falco_debian')).toMatchObject({ tag: 'malformed', why: expect.any(String) })
    expect((await ask(`${registry.url}/v1/names`)).status).toBe(400)
  })
})

test('`probe-registry name` says the same on a terminal', async () => {
  const path = `/driver/${version}/scap_debian_6.1.192-2-amd64_3.ko`
  const said = await sh('npx', ['--no-install', 'probe-registry', 'name', path])
  expect(said).toMatch(/layout: +flat/)
  expect(said).toMatch(/canonical: +\/driver\/.*\/x86_64\/scap_debian_6\.1\.192-2-amd64_1\.ko/)
})

test('every alias of one probe answers with its canonical name, and none makes a second build', async () => {
  const { release, unameRelease } = pinned('6.1', 'cloud-amd64')
  const canonical = `/driver/${DRIVER_VERSION}/x86_64/scap_debian_${release}_1.ko`
  expect(await curl(['-fsSL', '-o', '/dev/null', `${registry.url}${canonical}`])).toMatchObject({ code: 0 })
  const aliases = [
    `/driver/${version}/scap_debian_${release}_1.ko`,
    `/scap-drivers/${version}/x86_64/scap_debian_${release}_3.ko`,
    `/mirror/of/ours/${version}/x86_64/scap_debian_${release}_1.ko`,
    `/driver/${version}/x86_64/scap_debian_${unameRelease}_1.ko`,
  ]
  // Decoded by the gateway it is the canonical name itself.
  const whole = `${registry.url}/${encodeURIComponent(canonical.slice(1))}`
  const { stdout: ofWhole } = await curl(['-sS', '-o', '/dev/null', '-D', '-', whole])
  expect(ofWhole).toMatch(/^HTTP\/1.1 307/)
  expect(ofWhole).not.toContain('rel="canonical"')
  for (const alias of aliases) {
    // The first request of a name that only the archive can explain is sent on; from then on it is a hit.
    expect(await curl(['-fsSL', '-o', '/dev/null', registry.url + alias]), alias).toMatchObject({ code: 0 })
    const { stdout } = await curl(['-sS', '-o', '/dev/null', '-D', '-', '--path-as-is', registry.url + alias])
    expect(stdout, alias).toContain(`link: <${canonical}>; rel="canonical"`)
    expect(stdout, alias).toMatch(/^HTTP\/1.1 307/)
  }
  expect((await sh('sh', ['-c', `ls ${work.dir}/builds/*.log | wc -l`])).trim()).toBe('1')
}, 120_000)
