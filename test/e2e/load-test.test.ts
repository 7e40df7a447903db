// Tests with the complete stack that the kernel of each probe loads it, before or after the registry publishes the probe.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/registry/eventually.ts'
import { hostFiles } from '../support/registry/host-files.ts'
import { type DebianKernel, pinned } from '../support/registry/kernels.ts'
import { STRICT } from '../support/registry/mode.ts'
import {
  ask,
  curl,
  DRIVER_VERSION,
  type Registry,
  scratch,
  startRegistry,
} from '../support/registry/registry.ts'

const VERSION = encodeURIComponent(DRIVER_VERSION)
let work: Awaited<ReturnType<typeof scratch>>
let kernel: DebianKernel
beforeAll(async () => {
  work = await scratch()
  kernel = pinned('6.1', 'cloud-amd64')
})
afterAll(() => work.remove())

const pathOf = (extension: string) => `/driver/${VERSION}/x86_64/scap_debian_${kernel.release}_1.${extension}`
const get = (registry: Registry, path: string) =>
  // A client that retries.
  curl(['-fsSL', '--retry', '5', '-o', '/dev/null', registry.url + path])
const story = async (registry: Registry, path: string) =>
  JSON.parse((await ask(`${registry.url}${path}.json`)).body)

/** If an event is lost, a sweep repairs this after a minute or two. */
const verdict = (registry: Registry, path: string) =>
  eventually(
    `a verdict on ${path}`,
    async () => (await story(registry, path)).loadTest as unknown,
    STRICT ? 300 : 60,
  )

describe('a recorded load test', () => {
  let registry: Registry
  beforeAll(async () => {
    registry = await startRegistry({ dataDir: join(work.dir, 'recorded'), loadTest: 'recorded' })
  })
  afterAll(() => registry.stop())

  test.each(['ko', 'o'])(
    'does not delay the download of a .%s, and its verdict is added later',
    async (extension) => {
      const path = pathOf(extension)
      expect(await get(registry, path)).toMatchObject({ code: 0 })
      expect(await story(registry, path)).toMatchObject({ state: 'published' })
      expect(await verdict(registry, path)).toMatchObject({
        verdict: 'passed',
        checked: expect.arrayContaining([expect.any(String)]),
      })
    },
  )

  test('is unavailable for a kernel without an image', async () => {
    const { config } = await hostFiles(kernel.unameRelease)
    const release = `${kernel.release.replace(/-.*/, '')}-mine`
    await writeFile(
      join(work.dir, 'config'),
      config.replace(/^CONFIG_LOCALVERSION=.*$/m, 'CONFIG_LOCALVERSION="-mine"'),
    )
    const wanted = ['kind=kmod', `driver-version=${DRIVER_VERSION}`]
    const facts = [`release=${release}`, 'version=#1 SMP', 'machine=x86_64', ...wanted]
    const form = ['config=@config', ...facts].flatMap((field) => ['-F', field])
    const { stdout } = await curl(['-fsS', ...form, `${registry.url}/v1/probes`], work.dir)
    const { url } = JSON.parse(stdout).probes[0]
    expect(await get(registry, url)).toMatchObject({ code: 0 })
    expect((await story(registry, url)).loadTest).toMatchObject({ verdict: 'unavailable' })
  })
})

describe('a required load test', () => {
  let registry: Registry
  beforeAll(async () => {
    registry = await startRegistry({ dataDir: join(work.dir, 'required'), loadTest: 'required' })
  })
  afterAll(() => registry.stop())

  test('passes before the first GET gets the module', async () => {
    const path = pathOf('ko')
    expect(await get(registry, path)).toMatchObject({ code: 0 })
    const { loadTest, publishedAt } = await story(registry, path)
    expect(loadTest).toMatchObject({ verdict: 'passed' })
    expect(loadTest.checked).toEqual(expect.arrayContaining(['insmod', 'device', 'rmmod']))
    expect(Date.parse(publishedAt)).toBeLessThanOrEqual(Date.now())
  })
})
