// Tests the probe of an Arch Linux host. The test makes a mirror and an archive in Arch's layout and signs their packages: the
// kernel's headers and image. The registry builds the probe from them. The long form makes a kernel of its own, which takes
// four minutes, and that kernel loads the probe.

import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tell } from '../support/builds/apt.ts'
import { LONG } from '../support/long.ts'
import { makeArchive, makeRepository, type Placed, placesAt } from '../support/pacman/places.ts'
import { type PacmanSigner, pacmanSigner } from '../support/pacman/repository.ts'
import { about, downloaded } from '../support/registry/probes.ts'
import { ask, DRIVER_VERSION, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'
import { type DevelTree, debianTree } from '../support/rpm/devel.ts'
import { type Mirror, startMirror } from '../support/rpm/mirror.ts'
import { type SmallKernel, smallKernel } from '../support/small-kernel.ts'
import { testLong } from '../support/unless.ts'

const MINUTES = 60_000

let work: Awaited<ReturnType<typeof scratch>>
let mirror: Mirror
let registry: Registry
let signer: PacmanSigner
let stranger: PacmanSigner
let kernel: DevelTree & Partial<Pick<SmallKernel, 'image'>>
let past: DevelTree

/** `6.1.192-arch1-1` -> `6.1.192.arch1-1` */
const versionOf = (release: string): string => release.replace('-arch', '.arch').replace(/-lts$/, '')

function headersOf(name: string, { release, tree }: DevelTree, compression: 'zst' | 'xz'): Placed {
  const content = join(work.dir, 'content', release)
  const modules = join(content, 'usr/lib/modules', release)
  mkdirSync(modules, { recursive: true })
  cpSync(tree, join(modules, 'build'), { recursive: true, verbatimSymlinks: true })
  return { spec: { name, version: versionOf(release), compression, content }, by: signer }
}

function imageOf({ release, image }: Pick<SmallKernel, 'release' | 'image'>): Placed {
  const content = { [`usr/lib/modules/${release}/vmlinuz`]: image, 'usr/share/other': 'something' }
  return { spec: { name: 'linux', version: versionOf(release), content }, by: signer }
}

beforeAll(async () => {
  work = await scratch()
  const localVersion = '-arch1-1'
  kernel = LONG
    ? await smallKernel({ compiler: 'gcc-12', localVersion })
    : debianTree(join(work.dir, 'debian'), localVersion)
  if (!LONG) tell('a kernel of its own is made, and loads the probe, in npm run test:long: four minutes more')
  past = debianTree(join(work.dir, 'past'), '-1-lts')
  signer = pacmanSigner()
  stranger = pacmanSigner('Somebody Else')
  const folder = join(work.dir, 'served')
  mirror = await startMirror(folder)
  const { image } = kernel
  makeRepository(folder, 'core', [
    headersOf('linux-headers', kernel, 'zst'),
    ...(image === undefined ? [] : [imageOf({ release: kernel.release, image })]),
    { spec: { name: 'linux-headers', version: '6.1.9.arch1-1', content: { a: 'b' } }, by: stranger },
  ])
  makeArchive(folder, [headersOf('linux-lts-headers', past, 'xz')])
  registry = await startRegistry({
    dataDir: join(work.dir, 'data'),
    settings: {
      arch: placesAt(mirror.url, [signer.publicKey]),
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

const pathOf = (uname: string, target = 'arch') =>
  `/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_${target}_${uname}_1.ko`

describe('a kernel of Arch Linux', () => {
  test(
    'gets a probe that is built from its own headers package',
    async () => {
      const path = pathOf(kernel.release)
      expect(
        await downloaded(registry.url + path, work.dir),
        (await ask(`${registry.url}${path}.log`, '-L')).body,
      ).toBe(0)
      const { manifest } = await about(registry.url + path)
      expect(manifest).toMatchObject({
        unameRelease: kernel.release,
        compiler: 'gcc-12',
        headers: [{ name: 'linux-headers', version: versionOf(kernel.release) }],
        root: { suite: 'bookworm', match: 'text' },
      })
    },
    8 * MINUTES,
  )

  testLong('has loaded it before it was published', async () => {
    const { loadTest } = await about(registry.url + pathOf(kernel.release))
    expect(loadTest).toMatchObject({
      verdict: 'passed',
      checked: expect.arrayContaining(['insmod', 'capture', 'rmmod']),
    })
  })

  test('is then served from the cache, without a request to the mirror', async () => {
    mirror.asked.length = 0
    expect((await ask(registry.url + pathOf(kernel.release))).status).toBe(307)
    expect(mirror.asked).toEqual([])
  })

  test('is also served under the ID `archarm` of Arch Linux ARM’s os-release', async () => {
    expect((await ask(registry.url + pathOf(kernel.release, 'archarm'))).status).toBe(307)
  })
})

// The long form skips this: there, the first kernel is an old one, too.
if (!LONG)
  test(
    'a kernel that only the archive has gets its probe from the archive',
    async () => {
      const path = pathOf(past.release)
      expect(
        await downloaded(registry.url + path, work.dir),
        (await ask(`${registry.url}${path}.log`, '-L')).body,
      ).toBe(0)
      expect((await about(registry.url + path)).manifest).toMatchObject({
        headers: [
          {
            name: 'linux-lts-headers',
            url: expect.stringMatching(/\/packages\/l\/linux-lts-headers\/.*xz$/),
          },
        ],
      })
    },
    8 * MINUTES,
  )

test('refuses a kernel that neither mirror nor archive has, and names the missing package', async () => {
  const path = pathOf(kernel.release.replace('-arch1-1', '-arch1-2'))
  await downloaded(registry.url + path, work.dir)
  expect(await about(registry.url + path)).toMatchObject({
    state: 'failed',
    reason: 'headers-not-found',
    detail: expect.stringMatching(/has linux-headers [0-9.]+\.arch1-2 of Arch Linux for x86_64/),
  })
})

test('builds nothing from a package that is signed by an unknown key', async () => {
  const path = pathOf('6.1.9-arch1-1')
  await downloaded(registry.url + path, work.dir)
  expect(await about(registry.url + path)).toMatchObject({
    state: 'failed',
    detail: expect.stringMatching(/is not believed as linux-headers 6\.1\.9\.arch1-1: it is by the key/),
  })
})

test('asks no mirror for a kernel release with a shell command in it', async () => {
  mirror.asked.length = 0
  expect((await ask(registry.url + pathOf('6.6.1-arch1-1$(id)'))).status).toBeGreaterThanOrEqual(400)
  expect(mirror.asked).toEqual([])
})
