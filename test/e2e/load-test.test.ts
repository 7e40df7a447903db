// Every probe meets its own kernel, in the whole stack: before it is published, or after.

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
  // As a client that comes again when it is told to.
  curl(['-fsSL', '--retry', '5', '-o', '/dev/null', registry.url + path])
const story = async (registry: Registry, path: string) =>
  JSON.parse((await ask(`${registry.url}${path}.json`)).body)

/** Where an event is lost, a sweep finds out, a minute or two later. */
const verdict = (registry: Registry, path: string) =>
  eventually(
    `a verdict on ${path}`,
    async () => (await story(registry, path)).loadTest as unknown,
    STRICT ? 300 : 60,
  )

describe('where it is recorded', () => {
  let registry: Registry
  beforeAll(async () => {
    registry = await startRegistry({ dataDir: join(work.dir, 'recorded'), loadTest: 'recorded' })
  })
  afterAll(() => registry.stop())

  test.each(['ko', 'o'])(
    'a .%s is served at once, and its kernel’s verdict stands beside it later',
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

  test('a kernel without an image is told as unavailable, never as passed', async () => {
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

describe('where it is required', () => {
  let registry: Registry
  beforeAll(async () => {
    registry = await startRegistry({ dataDir: join(work.dir, 'required'), loadTest: 'required' })
  })
  afterAll(() => registry.stop())

  test('the very first GET still gets the module, which its kernel has loaded before', async () => {
    const path = pathOf('ko')
    expect(await get(registry, path)).toMatchObject({ code: 0 })
    const { loadTest, publishedAt } = await story(registry, path)
    expect(loadTest).toMatchObject({ verdict: 'passed' })
    expect(loadTest.checked).toEqual(expect.arrayContaining(['insmod', 'device', 'rmmod']))
    expect(Date.parse(publishedAt)).toBeLessThanOrEqual(Date.now())
  })
})
