// Tests the eBPF probe of a host of Container-Optimized OS. By default the registry refuses it and explains what to do. If the
// operator trusts the unsigned headers, the registry builds it, and the manifest and the signature mark the headers as unsigned.

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  ask,
  curl,
  DRIVER_VERSION,
  type Registry,
  scratch,
  startRegistry,
} from '../support/registry/registry.ts'
import { debianTree } from '../support/rpm/devel.ts'
import { type Mirror, startMirror } from '../support/rpm/mirror.ts'

const MINUTES = 60_000
const BUILD = '17412.226.28'

let work: Awaited<ReturnType<typeof scratch>>
let mirror: Mirror
let release: string
const running: Registry[] = []

beforeAll(async () => {
  work = await scratch()
  const kernel = debianTree(join(work.dir, 'debian'), '+')
  release = kernel.release
  const folder = join(work.dir, 'tools', BUILD)
  mkdirSync(folder, { recursive: true })
  const named = `s,^\\.,usr/src/linux-headers-${release},`
  execFileSync('tar', [
    '-czf',
    join(folder, 'kernel-headers.tgz'),
    '--transform',
    named,
    '-C',
    kernel.tree,
    '.',
  ])
  mirror = await startMirror(join(work.dir, 'tools'))
}, 5 * MINUTES)
afterAll(async () => {
  for (const registry of running) await registry.stop()
  mirror?.stop()
  await work?.remove()
})

async function registryWith(name: string, cos: Readonly<Record<string, unknown>>): Promise<Registry> {
  const registry = await startRegistry({ dataDir: join(work.dir, name), settings: { cos } })
  running.push(registry)
  return registry
}

/** The path that falcoctl requests. */
const pathOf = (kind: string) =>
  `/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_cos_${release.replaceAll('+', '%2B')}_1.${kind}`
const aboutOf = async ({ url }: Registry, path: string) => JSON.parse((await ask(`${url}${path}.json`)).body)

test('refuses the probe by default, and explains what to do', async () => {
  const registry = await registryWith('off', { tools: mirror.url })
  await curl(['-fsSL', '-o', join(work.dir, 'probe.o'), '--max-time', '60', registry.url + pathOf('o')])
  expect(await aboutOf(registry, pathOf('o'))).toMatchObject({
    state: 'failed',
    reason: 'headers-not-found',
    detail: expect.stringMatching(/nobody signs .*curl -F config=/),
  })
  expect(mirror.asked).toEqual([])
  const { status, body } = await ask(registry.url + pathOf('ko'))
  expect({ status, body }).toMatchObject({ status: 404, body: expect.stringMatching(/Google has signed/) })
})

test(
  'builds the probe if the operator trusts the headers, and its manifest and signature mark the headers as unsigned',
  async () => {
    const builds = [{ kernel: release, build: BUILD }]
    const registry = await registryWith('on', { mode: 'on', tools: mirror.url, builds })
    const path = pathOf('o')
    const file = join(work.dir, 'probe.o')
    await curl(['-fsSL', '--retry', '5', '-o', file, '--max-time', '300', registry.url + path])
    const about = await aboutOf(registry, path)
    expect(about, (await ask(`${registry.url}${path}.log`, '-L')).body).toMatchObject({ state: 'published' })
    expect(about.manifest.headers).toEqual([
      expect.objectContaining({ name: 'cos-kernel-headers', version: BUILD, unsigned: true }),
    ])
    const signature = join(work.dir, 'probe.asc')
    await curl(['-fsSL', '-o', signature, `${registry.url}${path}.asc`])
    const packets = execFileSync('gpg', ['--list-packets', signature], { encoding: 'utf8' })
    expect(packets).toContain(`unsigned-kernel-input=cos-kernel-headers_${BUILD}@sha256:`)
  },
  12 * MINUTES,
)
