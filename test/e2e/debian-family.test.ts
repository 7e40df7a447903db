// Tests hosts whose os-release has the ID `debian`, but whose kernel is from another archive: Proxmox VE or Raspberry Pi OS. The
// test makes archives in their layout, and signs them with its own keys. The registry builds the probes from their packages. The
// long form makes a kernel of its own, which takes four minutes, and that kernel loads the probe.

import { readFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFetch } from '../../lib/aws/fetch.ts'
import { debianFamily } from '../../lib/kernels/debian/family.ts'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { type DebianFamily, debianAsRaspberryPi, debianFamilyArchives } from '../support/apt/debian-family.ts'
import { tell } from '../support/builds/apt.ts'
import { build } from '../support/builds/build.ts'
import { driverInput } from '../support/builds/kernel-build.ts'
import { openStore } from '../support/builds/store.ts'
import { NO_SNAPSHOT } from '../support/debian.ts'
import { LONG } from '../support/long.ts'
import { memoryPorts } from '../support/memory.ts'
import { debianSuites } from '../support/mirrors.ts'
import { about, downloaded } from '../support/registry/probes.ts'
import { ask, DRIVER_VERSION, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'
import { type DevelTree, debianTree } from '../support/rpm/devel.ts'
import { type Mirror, startMirror } from '../support/rpm/mirror.ts'
import { type RpmSigner, rpmSigner } from '../support/rpm/repository.ts'
import { type SmallKernel, smallKernel } from '../support/small-kernel.ts'
import { testLong } from '../support/unless.ts'

const MINUTES = 60_000
const localVersion = '-4-pve'

let work: Awaited<ReturnType<typeof scratch>>
let mirror: Mirror
let archives: DebianFamily
let registry: Registry
let signer: RpmSigner
let stranger: RpmSigner
let kernel: DevelTree & Partial<Pick<SmallKernel, 'image'>>
/** The version that falcoctl reads from `uname -v`. */
let version: string

beforeAll(async () => {
  work = await scratch()
  kernel = LONG
    ? await smallKernel({ compiler: 'gcc-12', localVersion })
    : debianTree(join(work.dir, 'debian'), localVersion)
  if (!LONG) tell('a kernel of its own is made, and loads the probe, in npm run test:long: four minutes more')
  version = kernel.release.replace(/-pve$/, '')
  const folder = join(work.dir, 'mirror')
  const content = join(work.dir, 'content')
  await cp(kernel.tree, join(content, `usr/src/linux-headers-${kernel.release}`), { recursive: true })
  const image = kernel.image === undefined ? {} : { [`boot/vmlinuz-${kernel.release}`]: kernel.image }
  archives = debianFamilyArchives(folder)
  archives.packProxmox(kernel.release, version, content, image)
  signer = rpmSigner('Proxmox')
  stranger = rpmSigner('Stranger')
  archives.sign('proxmox', stranger)
  mirror = await startMirror(folder)
  registry = await startRegistry({
    dataDir: join(work.dir, 'data'),
    settings: {
      debian: {
        suites: debianSuites(),
        snapshot: { mode: 'off' },
        proxmox: { mirror: `${mirror.url}/proxmox`, suites: ['bookworm'], keys: [signer.publicKey] },
        raspberrypi: { mirror: `${mirror.url}/raspberrypi`, suites: ['bookworm'], keys: [signer.publicKey] },
      },
      loadTest: { mode: LONG ? 'required' : 'off' },
    },
  })
}, 30 * MINUTES)
afterAll(async () => {
  await registry?.stop()
  mirror?.stop()
  signer?.remove()
  stranger?.remove()
  await work?.remove()
})

const urlOf = (release: string, arch = 'x86_64') =>
  `${registry.url}/driver/${encodeURIComponent(DRIVER_VERSION)}/${arch}/scap_debian_${release}_1.ko`
/** Downloads as falcoctl and the loader do. */
const got = (url: string) => downloaded(url, work.dir)

describe('a kernel of Proxmox VE', () => {
  test('gets no probe if the Packages index is signed by an unknown key', async () => {
    const url = urlOf(version.replace('-4', '-9'))
    await got(url)
    expect(await about(url)).toMatchObject({
      state: 'failed',
      detail: expect.stringMatching(/InRelease is not believed: no key of the keyring has signed it/),
    })
    archives.sign('proxmox', signer)
  })

  test(
    'gets a probe under the name that falcoctl computes, built from its own packages',
    async () => {
      const url = urlOf(version)
      expect(await got(url), (await ask(`${url}.log`, '-L')).body).toBe(0)
      const { manifest } = await about(url)
      expect(manifest).toMatchObject({
        unameRelease: kernel.release,
        compiler: 'gcc-12',
        headers: [{ name: `proxmox-headers-${kernel.release}`, version }],
        root: { suite: 'bookworm', match: 'text' },
      })
    },
    8 * MINUTES,
  )

  testLong('has loaded it before it was published', async () => {
    const { loadTest } = await about(urlOf(version))
    expect(loadTest).toMatchObject({
      verdict: 'passed',
      checked: expect.arrayContaining(['insmod', 'capture', 'rmmod']),
    })
  })

  test('is then served from the cache without a request to the mirror, and by the name from `uname -r`, too', async () => {
    mirror.asked.length = 0
    expect((await ask(urlOf(version))).status).toBe(307)
    expect(mirror.asked).toEqual([])
    expect(await got(urlOf(kernel.release))).toBe(0)
    expect((await about(urlOf(kernel.release))).manifest.unameRelease).toBe(kernel.release)
  })

  test('is refused if the mirror does not have it, with advice what to do', async () => {
    const url = urlOf(kernel.release.replace('-4-pve', '-5-pve'))
    await got(url)
    expect(await about(url)).toMatchObject({
      state: 'failed',
      reason: 'headers-not-found',
      detail: expect.stringMatching(
        /the archive of Proxmox VE has no headers of kernel .*-5-pve.*Upgrade the host.*curl -F config=@/,
      ),
    })
  })
})

test("the registry searches for Debian's own kernels in no other archive", async () => {
  mirror.asked.length = 0
  const url = urlOf(`${version}-amd64`)
  await got(url)
  expect(await about(url)).toMatchObject({
    state: 'failed',
    detail: expect.stringMatching(/^Debian's archive/),
  })
  expect(mirror.asked).toEqual([])
})

describe('a kernel of Raspberry Pi OS', () => {
  test('is refused if builds run on another architecture, and the answer names the setting', async () => {
    const url = urlOf('6.1.99%2Brpt-rpi-v8', 'aarch64')
    await got(url)
    expect(await about(url)).toMatchObject({
      state: 'failed',
      reason: 'headers-not-found',
      detail: expect.stringMatching(/build\.machines\.aarch64/),
    })
  })

  test(
    'gets a module from the packages of its plan (here: packages of this machine in its layout)',
    async () => {
      const folder = join(work.dir, 'mirror')
      const kernel = debianAsRaspberryPi(join(work.dir, 'raspberrypi'))
      const { uname } = kernel
      archives.packRaspberryPi(kernel)
      archives.sign('raspberrypi', signer)
      const { store, lists, log } = memoryPorts({ now: Date.now })
      const ports = { fetch: createFetch(), inputs: store.inputs, lists, log, now: Date.now }
      const own = { mirror: `${mirror.url}/raspberrypi`, suites: ['bookworm'], keys: [signer.publicKey] }
      const raspberrypi = { ...DEFAULTS.debian.raspberrypi, ...own }
      const { plan } = debianFamily(ports, {
        debian: { ...DEFAULTS.debian, snapshot: NO_SNAPSHOT, raspberrypi },
      })
      const request = { arch: 'aarch64', kind: 'kmod', kernelRelease: uname, kernelVersion: '1' } as const
      const { headers, tree, compiler } = await plan(request)
      const bodyOf = (url: string) => readFileSync(join(folder, decodeURIComponent(new URL(url).pathname)))
      const inputs = headers.map(({ url }) => ({ role: 'header', format: 'deb', body: bodyOf(url) }) as const)
      const loopback = await openStore()
      try {
        const built = await build(loopback, {
          settings: { KIND: 'kmod', UNAME_RELEASE: uname, TREE: tree, COMPILER: compiler, DRIVER_VERSION },
          inputs: [...inputs, driverInput()],
        })
        expect(built.exit, built.log).toBe(0)
        expect(Buffer.from(built.probe ?? []).includes(`vermagic=${uname} `)).toBe(true)
      } finally {
        loopback.close()
      }
    },
    5 * MINUTES,
  )
})
