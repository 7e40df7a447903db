// Tests the probe of a Flatcar host, which asks by the version of Flatcar. The test makes a release in the layout of Flatcar's
// mirrors, with the kernel's config, and signs it with a subkey. The kernel's source is Debian's. The long form makes a kernel of
// its own, which takes four minutes. There the source is signed and in kernel.org's layout, and the release's image loads the
// probe.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../lib/model/digest.ts'
import { tell } from '../support/builds/apt.ts'
import { packageBytes, packageVersion } from '../support/builds/archive.ts'
import {
  asFlatcar,
  CONFIG,
  channelsAt,
  type FlatcarSigner,
  flatcarSigner,
  IMAGE,
  makeRelease,
} from '../support/flatcar.ts'
import {
  type GpgSigner,
  gpgSigner,
  type KernelOrg,
  NO_KERNEL_ORG,
  startKernelOrg,
} from '../support/kernel-org.ts'
import { LONG } from '../support/long.ts'
import { hostFiles } from '../support/registry/host-files.ts'
import { pinned } from '../support/registry/kernels.ts'
import { about, downloaded } from '../support/registry/probes.ts'
import {
  ask,
  DRIVER_VERSION,
  type Registry,
  scratch,
  sh,
  startRegistry,
} from '../support/registry/registry.ts'
import { type Mirror, startMirror } from '../support/rpm/mirror.ts'
import { smallKernel } from '../support/small-kernel.ts'
import { testLong } from '../support/unless.ts'

const MINUTES = 60_000
const VERSION = '3815.2.5'
const SOURCE = 'linux-source-6.1'

let work: Awaited<ReturnType<typeof scratch>>
let mirror: Mirror
let registry: Registry
let signer: FlatcarSigner
let kernelOrg: (KernelOrg & { readonly by: GpgSigner }) | undefined
/** version of the kernel's source, e.g. `6.1.176` */
let kernel: string
let config: string

beforeAll(async () => {
  work = await scratch()
  kernel = packageVersion(SOURCE).replace(/-.*/, '')
  // Small keys: the settings have to fit into the environment of a function.
  signer = flatcarSigner({ algorithm: 'ed25519' })
  const folder = join(work.dir, 'mirror')
  mirror = await startMirror(folder)
  const own = LONG ? await smallKernel({ compiler: 'gcc-12', localVersion: '-flatcar' }) : undefined
  if (!LONG) tell('a kernel of its own is made, and loads the probe, in npm run test:long: four minutes more')
  config = asFlatcar(own?.config ?? (await hostFiles(pinned('6.1', 'amd64').unameRelease)).config, kernel)
  makeRelease(folder, 'stable', { version: VERSION, config, kernel, image: own?.image, signer })
  kernelOrg = LONG ? await linuxAt(work.dir) : undefined
  registry = await startRegistry({
    dataDir: join(work.dir, 'data'),
    settings: {
      flatcar: { channels: channelsAt(mirror.url), keys: [signer.publicKey] },
      vanilla: { archive: kernelOrg?.archive ?? NO_KERNEL_ORG, keys: kernelOrg ? [kernelOrg.by.key] : [] },
      loadTest: { mode: LONG ? 'required' : 'off' },
    },
  })
}, 30 * MINUTES)
afterAll(async () => {
  await registry?.stop()
  mirror?.stop()
  kernelOrg?.stop()
  kernelOrg?.by.remove()
  signer?.remove()
  await work?.remove()
})

const UNPACK = `
ar p source.deb data.tar.xz | xz -dc | tar -xO --wildcards '*/usr/src/linux-source-*.tar.xz' >linux.tar.xz
xz -dc -T0 linux.tar.xz >linux.tar
`

/** Debian's source in kernel.org's layout, with a signature of the uncompressed archive. */
async function linuxAt(dir: string): Promise<NonNullable<typeof kernelOrg>> {
  const cwd = join(dir, 'linux')
  mkdirSync(cwd)
  writeFileSync(join(cwd, 'source.deb'), packageBytes(SOURCE))
  execFileSync('sh', ['-euc', UNPACK], { cwd })
  const [by, served] = [gpgSigner('ed25519'), await startKernelOrg()]
  served.files[`linux-${kernel}.tar.xz`] = readFileSync(join(cwd, 'linux.tar.xz'))
  served.files[`linux-${kernel}.tar.sign`] = by.signFile(join(cwd, 'linux.tar'))
  rmSync(cwd, { recursive: true })
  return { ...served, by }
}

/** The path that falcoctl requests. */
const pathOf = (version: string, kind = 'ko') =>
  `/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_flatcar_${version}_1.${kind}`

describe('a release of Flatcar', () => {
  test(
    'gets the probe of its kernel, built from the kernel’s source and the signed config of the release',
    async () => {
      const path = pathOf(VERSION)
      expect(
        await downloaded(registry.url + path, work.dir),
        (await ask(`${registry.url}${path}.log`, '-L')).body,
      ).toBe(0)
      const { manifest } = await about(registry.url + path)
      expect(manifest).toMatchObject({
        unameRelease: `${kernel}-flatcar`,
        compiler: 'gcc-12',
        headers: [
          { name: LONG ? 'linux' : SOURCE },
          {
            name: CONFIG,
            version: VERSION,
            url: `${mirror.url}/stable/amd64-usr/${VERSION}/${CONFIG}`,
            sha256: sha256(Buffer.from(config, 'latin1')),
          },
        ],
      })
      const vermagic = await sh('/usr/sbin/modinfo', ['-F', 'vermagic', join(work.dir, 'probe.ko')])
      expect(vermagic.split(' ')[0]).toBe(`${kernel}-flatcar`)
      // Its kernel checks no symbol versions, so the module needs none.
      expect(vermagic).not.toContain('modversions')
    },
    12 * MINUTES,
  )

  testLong('has loaded it, by the image of that very release, before it was published', async () => {
    const { loadTest } = await about(registry.url + pathOf(VERSION))
    expect(loadTest).toMatchObject({
      verdict: 'passed',
      checked: expect.arrayContaining(['insmod', 'capture', 'rmmod']),
    })
    expect(mirror.asked).toContain(`/stable/amd64-usr/${VERSION}/${IMAGE}`)
  })

  test('is then served from the cache, without a request to the mirror', async () => {
    mirror.asked.length = 0
    const { status } = await ask(registry.url + pathOf(VERSION))
    expect(status).toBe(307)
    expect(mirror.asked).toEqual([])
  })
})

test('refuses a release that no channel has, and explains what to do', async () => {
  await downloaded(registry.url + pathOf('3815.2.6'), work.dir)
  expect(await about(registry.url + pathOf('3815.2.6'))).toMatchObject({
    state: 'failed',
    reason: 'headers-not-found',
    detail: expect.stringMatching(
      /no channel of Flatcar .* release 3815\.2\.6 \(x86_64\)\. Have the operator name a mirror .*curl -F config=@/,
    ),
  })
})

test('refuses a release that is signed by an unknown key', async () => {
  const stranger = flatcarSigner()
  try {
    makeRelease(join(work.dir, 'mirror'), 'beta', { version: '3850.1.0', config, kernel, signer: stranger })
  } finally {
    stranger.remove()
  }
  await downloaded(registry.url + pathOf('3850.1.0'), work.dir)
  expect(await about(registry.url + pathOf('3850.1.0'))).toMatchObject({
    state: 'failed',
    reason: 'plan-error',
    detail: expect.stringMatching(/is not believed: it is by the key/),
  })
})

test('refuses the name of old loaders, with `uname -r`, and explains what to do', async () => {
  const { status, body } = await ask(registry.url + pathOf(`${kernel}-flatcar`))
  expect(status).toBe(404)
  expect(JSON.parse(body)).toMatchObject({ detail: expect.stringMatching(/VERSION_ID of its os-release/) })
})
