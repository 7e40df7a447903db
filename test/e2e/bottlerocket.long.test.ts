// Tests the probe of a Bottlerocket host. The test's service is laid out and signed as Bottlerocket's. Its kit of the kernel has
// the sources of the kernel's tools, but no compiled tools. The registry builds the probe from the kit, and that kernel loads
// it. The faster tests in test/lib/kernels/bottlerocket check the plans and the refusals.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadTest } from '../support/builds/load.ts'
import { openStore } from '../support/builds/store.ts'
import { about, downloaded } from '../support/registry/probes.ts'
import { ask, DRIVER_VERSION, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'
import { type Mirror, startMirror } from '../support/rpm/mirror.ts'
import {
  kernelFiles,
  packKit,
  serviceFiles,
  serviceSettings,
  writeFiles,
} from '../support/tuf/bottlerocket.ts'
import { type KernelDevel, kernelDevel } from '../support/tuf/kernel-devel.ts'
import { tufKey } from '../support/tuf/repository.ts'

const MINUTES = 60_000
const VERSION = '1.20.3'
const VARIANTS = [
  { name: 'aws-k8s-1.28', kernels: ['6.1'] },
  { name: 'aws-k8s-1.24', kernels: ['5.15'] },
  { name: 'vmware-k8s-1.28', kernels: ['6.1'] },
]

let work: Awaited<ReturnType<typeof scratch>>
let mirror: Mirror
let registry: Registry
let kernel: KernelDevel

beforeAll(async () => {
  work = await scratch()
  kernel = await kernelDevel()
  const name = { arch: 'x86_64', version: VERSION } as const
  const own = { ...name, variant: 'aws-k8s-1.28' }
  const other = { ...name, variant: 'aws-k8s-1.24' }
  const kits = [
    { ...own, body: packKit(own, kernel.tree) },
    { ...other, body: packKit(other, kernelFiles('5.15.160')) },
  ]
  const strange = { ...name, variant: 'vmware-k8s-1.28' }
  const key = tufKey()
  const files = serviceFiles({ kits, key })
  const strangers = serviceFiles({
    kits: [{ ...strange, body: packKit(strange, kernel.tree) }],
    key: tufKey(),
  })
  const folder = join(work.dir, 'service')
  writeFiles(folder, { ...strangers, ...files })
  mirror = await startMirror(folder)
  registry = await startRegistry({
    dataDir: join(work.dir, 'data'),
    settings: { bottlerocket: serviceSettings(mirror.url, files, VARIANTS), loadTest: { mode: 'off' } },
  })
}, 30 * MINUTES)
afterAll(async () => {
  await registry?.stop()
  mirror?.stop()
  await work?.remove()
})

const pathOf = (uname: string, version = `1_${VERSION}-aws`) =>
  `/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_bottlerocket_${uname}_${version}.ko`
const probe = () => join(work.dir, 'probe.ko')

describe('a kernel of Bottlerocket', () => {
  test(
    'gets its probe from the kit of its release, after the build compiled the tools of the kit',
    async () => {
      const path = pathOf(kernel.release)
      const log = async () => (await ask(`${registry.url}${path}.log`, '-L')).body
      expect(await downloaded(registry.url + path, work.dir), await log()).toBe(0)
      expect((await about(registry.url + path)).manifest).toMatchObject({
        unameRelease: kernel.release,
        compiler: 'gcc-12',
        headers: [{ name: 'aws-k8s-1.28-x86_64-kmod-kit', version: VERSION }],
        root: { suite: 'bookworm', match: 'text' },
      })
      expect(await log()).toContain('making the tools of the kernel tree')
      expect(readFileSync(probe()).includes(`vermagic=${kernel.release} `)).toBe(true)
    },
    8 * MINUTES,
  )

  test('is then served from the cache, without a request to the service', async () => {
    mirror.asked.length = 0
    expect((await ask(registry.url + pathOf(kernel.release))).status).toBe(307)
    expect(mirror.asked).toEqual([])
  })

  // The registry finds no image of such a kernel, so the test passes the image that it made.
  test(
    'loads the probe',
    async () => {
      const store = await openStore()
      try {
        const { verdict, log } = await loadTest(store, {
          settings: { UNAME_RELEASE: kernel.release, DRIVER_NAME: 'scap' },
          inputs: [
            { role: 'probe', format: 'text', body: readFileSync(probe()) },
            { role: 'boot', format: 'text', body: kernel.image! },
          ],
        })
        expect(verdict, log).toMatchObject({
          verdict: 'passed',
          checked: expect.arrayContaining(['insmod', 'rmmod']),
        })
      } finally {
        await store.close()
      }
    },
    8 * MINUTES,
  )
})

test('refuses a kernel that its release does not have, and names the kernel that it has', async () => {
  const path = pathOf('5.15.161')
  await downloaded(registry.url + path, work.dir)
  expect(await about(registry.url + path)).toMatchObject({
    state: 'failed',
    reason: 'headers-not-found',
    detail: expect.stringMatching(/aws-k8s-1\.24-x86_64-kmod-kit-v1\.20\.3\.tar\.xz is of 5\.15\.160/),
  })
})

test('refuses a repository that is signed by another key, and downloads none of its kits', async () => {
  mirror.asked.length = 0
  const path = pathOf(kernel.release, `1_${VERSION}-vmware`)
  await downloaded(registry.url + path, work.dir)
  expect(await about(registry.url + path)).toMatchObject({
    state: 'failed',
    detail: expect.stringMatching(/timestamp\.json is not believed: timestamp was signed by 0\/1 keys/),
  })
  expect(mirror.asked.filter((asked) => asked.startsWith('/targets/'))).toEqual([])
})
