// Tests the probe of an AlmaLinux host, as an example of a distribution with kernels in rpms. The test makes a repository in the
// layout of the mirror, with the kernel's headers and image, and signs it with its own key. The registry builds the probe from
// them. The long form makes a kernel of its own, which takes four minutes, and that kernel loads the probe.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../lib/model/digest.ts'
import { tell } from '../support/builds/apt.ts'
import { LONG } from '../support/long.ts'
import { about, downloaded } from '../support/registry/probes.ts'
import { ask, DRIVER_VERSION, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'
import { type DevelTree, debianTree } from '../support/rpm/devel.ts'
import { DISTRIBUTIONS, makeMirror } from '../support/rpm/distribution.ts'
import { type DnfHost, dnfHost, whyNoDnf } from '../support/rpm/dnf.ts'
import { type Mirror, startMirror } from '../support/rpm/mirror.ts'
import { type OwnKernels, ownKernels, writeSources } from '../support/rpm/own-kernels.ts'
import { type RpmSigner, rpmSigner } from '../support/rpm/repository.ts'
import { type SmallKernel, smallKernel } from '../support/small-kernel.ts'
import { testLong } from '../support/unless.ts'

const MINUTES = 60_000
const { localVersion } = DISTRIBUTIONS.almalinux

let work: Awaited<ReturnType<typeof scratch>>
let mirror: Mirror
let registry: Registry
let signer: RpmSigner
let kernel: DevelTree & Partial<Pick<SmallKernel, 'image'>>

beforeAll(async () => {
  work = await scratch()
  kernel = LONG
    ? await smallKernel({ compiler: 'gcc-12', localVersion })
    : debianTree(join(work.dir, 'debian'), localVersion)
  if (!LONG) tell('a kernel of its own is made, and loads the probe, in npm run test:long: four minutes more')
  signer = rpmSigner('Test Distribution')
  const folder = join(work.dir, 'mirror')
  mirror = await startMirror(folder)
  const places = makeMirror(folder, 'almalinux', { kernel, image: kernel.image, signer, url: mirror.url })
  registry = await startRegistry({
    dataDir: join(work.dir, 'data'),
    settings: {
      almalinux: { places, keys: [signer.publicKey] },
      rocky: { places },
      loadTest: { mode: LONG ? 'required' : 'off' },
    },
  })
}, 30 * MINUTES)
afterAll(async () => {
  await registry?.stop()
  mirror?.stop()
  signer?.remove()
  await work?.remove()
})

const pathOf = (target: string, uname = kernel.release) =>
  `/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_${target}_${uname}_1.ko`

describe('a kernel of AlmaLinux', () => {
  test(
    'gets a probe that is built from its own packages',
    async () => {
      const path = pathOf('almalinux')
      expect(
        await downloaded(registry.url + path, work.dir),
        (await ask(`${registry.url}${path}.log`, '-L')).body,
      ).toBe(0)
      const { manifest } = await about(registry.url + path)
      expect(manifest).toMatchObject({
        unameRelease: kernel.release,
        compiler: 'gcc-12',
        headers: [{ name: 'kernel-devel', version: kernel.release }],
        root: { suite: 'bookworm', match: 'text' },
      })
    },
    8 * MINUTES,
  )

  testLong('has loaded it before it was published', async () => {
    const { loadTest } = await about(registry.url + pathOf('almalinux'))
    expect(loadTest).toMatchObject({
      verdict: 'passed',
      checked: expect.arrayContaining(['insmod', 'capture', 'rmmod']),
    })
  })

  test('is then served from the cache, without a request to the mirror', async () => {
    mirror.asked.length = 0
    const { status } = await ask(registry.url + pathOf('almalinux'))
    expect(status).toBe(307)
    expect(mirror.asked).toEqual([])
  })
})

describe.skipIf(whyNoDnf() !== undefined)('a host with dnf', () => {
  let host: DnfHost
  let distribution: OwnKernels
  beforeAll(async () => {
    host = dnfHost()
    distribution = await ownKernels()
    distribution.release(kernel.release.replace(/\.x86_64$/, ''))
    await distribution.addTo(host)
    await host.dnf('install', 'kernel-core')
  }, 10 * MINUTES)
  afterAll(() => {
    distribution?.stop()
    host?.remove()
  })

  test('installs the same module with the package of its flavour, after a first request', async () => {
    const list = `${registry.url}/rpm/${encodeURIComponent(DRIVER_VERSION)}/almalinux-el9/repodata/repomd.xml`
    await expect.poll(async () => (await ask(list, '-L')).status, { timeout: MINUTES }).toBe(200)
    host.write('etc/pki/rpm-gpg/falco-probes.asc', (await ask(`${registry.url}/keys/falco-probes.asc`)).body)
    writeSources(host, registry.url, DRIVER_VERSION)
    await host.dnf('install', 'scap-probe-kernel')
    expect(await host.installed()).toContainEqual(
      expect.stringMatching(`^scap-probe-${DRIVER_VERSION}-${kernel.release} `.replaceAll('+', '\\+')),
    )
    const module = readFileSync(join(host.root, 'lib/modules', kernel.release, 'extra/scap.ko'))
    const { sha256: served } = (await about(registry.url + pathOf('almalinux'))) as { sha256?: string }
    expect(sha256(module)).toBe(served)
  })

  test('gets a 404 for files that never existed', async () => {
    const ID = `${registry.url}/rpm/${encodeURIComponent(DRIVER_VERSION)}`
    const digest = 'a'.repeat(64)
    for (const path of [
      'rocky-el9/repodata/repomd.xml',
      `almalinux-el9/repodata/${digest}-primary.xml.gz`,
      `almalinux-el9/packages/x86_64/scap_almalinux_1_1.ko/${digest}/x.rpm`,
    ])
      expect((await ask(`${ID}/${path}`, '-L')).status, path).toBe(404)
  })
})

test('refuses a kernel that the mirror does not have, and names the missing package', async () => {
  const path = pathOf('almalinux', kernel.release.replace('-1.el9', '-2.el9'))
  await downloaded(registry.url + path, work.dir)
  expect(await about(registry.url + path)).toMatchObject({
    state: 'failed',
    reason: 'headers-not-found',
    detail: expect.stringMatching(/has kernel-devel [0-9.]+-2\.el9_4 of almalinux/),
  })
})

test('refuses the same packages for another distribution, because their key is not its own', async () => {
  const path = pathOf('rocky')
  await downloaded(registry.url + path, work.dir)
  expect(await about(registry.url + path)).toMatchObject({
    state: 'failed',
    detail: expect.stringMatching(/repomd\.xml is not believed: it is by the key/),
  })
})
