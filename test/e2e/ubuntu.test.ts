// Tests the probe of an Ubuntu host. The test makes an archive in Ubuntu's layout, with the kernel's headers and image, and signs
// it with its own key. The registry builds the probe from them. The long form makes a kernel of its own, which takes four
// minutes, and that kernel loads the probe.

import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packDeb, writeSuite } from '../support/apt/repository.ts'
import { tell } from '../support/builds/apt.ts'
import { LONG } from '../support/long.ts'
import { about, downloaded } from '../support/registry/probes.ts'
import { ask, DRIVER_VERSION, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'
import { type DevelTree, debianTree } from '../support/rpm/devel.ts'
import { type Mirror, startMirror } from '../support/rpm/mirror.ts'
import { type RpmSigner, rpmSigner } from '../support/rpm/repository.ts'
import { type SmallKernel, smallKernel } from '../support/small-kernel.ts'
import { testLong } from '../support/unless.ts'

const MINUTES = 60_000
const UPLOAD = '31~22.04.1'
const localVersion = '-26-generic'

let work: Awaited<ReturnType<typeof scratch>>
let mirror: Mirror
let registry: Registry
let signer: RpmSigner
let kernel: DevelTree & Partial<Pick<SmallKernel, 'image'>>

/** Flavours share most of the build tree: the package of a flavour has relative links to it, as Ubuntu's packages do. */
function archive(folder: string): void {
  const abi = kernel.release.replace(/-generic$/, '')
  const version = `${abi}.${UPLOAD}`
  const [shared, own] = [`linux-hwe-6.1-headers-${abi}`, `linux-headers-${kernel.release}`]
  const place = (name: string) => join(work.dir, 'content', name)
  const tree = (name: string) => join(place(name), 'usr/src', name)
  cpSync(kernel.tree, tree(own), { recursive: true })
  mkdirSync(tree(shared), { recursive: true })
  for (const path of ['Makefile', 'arch', 'tools']) {
    cpSync(join(kernel.tree, path), join(tree(shared), path), { recursive: true })
    rmSync(join(tree(own), path), { recursive: true })
    symlinkSync(join('..', shared, path), join(tree(own), path))
  }
  const image = join(place('image'), 'boot')
  mkdirSync(image, { recursive: true })
  writeFileSync(join(image, `vmlinuz-${kernel.release}`), kernel.image ?? 'an image')
  const common = { version, compression: 'zstd' } as const
  const main = [
    packDeb(folder, { ...common, name: shared, arch: 'all', content: place(shared) }),
    packDeb(folder, {
      ...common,
      name: own,
      arch: 'amd64',
      depends: `${shared}, libc6`,
      content: place(own),
    }),
    packDeb(folder, {
      ...common,
      name: `linux-image-${kernel.release}`,
      arch: 'amd64',
      content: place('image'),
    }),
  ]
  const suite = (pocket: string, stanzas: readonly string[]) =>
    writeSuite(folder, {
      ...{ suite: `jammy${pocket}`, codename: 'jammy', origin: 'Ubuntu', signer },
      components: { main: stanzas, universe: [] },
    })
  suite('-updates', main)
  suite('-security', [])
  suite('', [])
}

beforeAll(async () => {
  work = await scratch()
  kernel = LONG
    ? await smallKernel({ compiler: 'gcc-12', localVersion, patch: 0 })
    : debianTree(join(work.dir, 'debian'), localVersion, 0)
  if (!LONG) tell('a kernel of its own is made, and loads the probe, in npm run test:long: four minutes more')
  signer = rpmSigner('Ubuntu of the test')
  const folder = join(work.dir, 'ubuntu')
  archive(folder)
  mirror = await startMirror(folder)
  registry = await startRegistry({
    dataDir: join(work.dir, 'data'),
    settings: {
      ubuntu: {
        mirrors: { main: mirror.url, security: mirror.url, ports: mirror.url },
        keys: [signer.publicKey],
      },
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

/** The path that falcoctl computes from `uname -r` and the text after the # in `uname -v`. */
const pathOf = (upload = UPLOAD, target = 'ubuntu-generic', uname = kernel.release) =>
  `/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_${target}_${uname}_${upload}.ko`

describe('a kernel of Ubuntu', () => {
  test(
    'gets a probe that is built from both of its header packages',
    async () => {
      const url = registry.url + pathOf()
      expect(await downloaded(url, work.dir), (await ask(`${url}.log`, '-L')).body).toBe(0)
      const version = `${kernel.release.replace(/-generic$/, '')}.${UPLOAD}`
      expect((await about(url)).manifest).toMatchObject({
        unameRelease: kernel.release,
        compiler: 'gcc-12',
        headers: [
          { name: expect.stringMatching(/^linux-hwe-6\.1-headers-/), version },
          { name: `linux-headers-${kernel.release}`, version },
        ],
      })
    },
    8 * MINUTES,
  )

  testLong('has loaded it before it was published', async () => {
    const { loadTest } = await about(registry.url + pathOf())
    expect(loadTest).toMatchObject({
      verdict: 'passed',
      checked: expect.arrayContaining(['insmod', 'capture', 'rmmod']),
    })
  })

  test('is then served from the cache without a request to the mirror, by the name of old clients, too', async () => {
    mirror.asked.length = 0
    for (const target of ['ubuntu-generic', 'ubuntu'])
      expect((await ask(registry.url + pathOf(UPLOAD, target))).status).toBe(307)
    expect(mirror.asked).toEqual([])
  })
})

test('refuses a kernel that the archive does not have, and explains what to do', async () => {
  const url = registry.url + pathOf(UPLOAD, 'ubuntu-aws', kernel.release.replace('-26-generic', '-1026-aws'))
  await downloaded(url, work.dir)
  expect(await about(url)).toMatchObject({
    state: 'failed',
    reason: 'headers-not-found',
    detail: expect.stringMatching(
      /no headers of kernel 6\.1\.0-1026-aws #31~22\.04\.1: .*Upgrade the host to a kernel that the archive has\. .*curl -F config=@/,
    ),
  })
})
