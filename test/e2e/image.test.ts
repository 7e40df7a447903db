// Tests the loader's image for a driver from a folder. `npm run image` makes it, Debian's image tools read it, and it runs as an
// init container against the complete stack, which builds the probe from the same folder.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { treeEntries } from '../../lib/formats/tar-tree.ts'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { sha256 } from '../../lib/model/digest.ts'
import { type Ran, ran } from '../support/client/program.ts'
import { contained, type ImageTools, imageTools } from '../support/image.ts'
import { LONG } from '../support/long.ts'
import { type DebianKernel, pinned } from '../support/registry/kernels.ts'
import { ask, type Registry, scratch, sh, startRegistry } from '../support/registry/registry.ts'
import { smallDriver } from '../support/small-driver.ts'

const PROJECT = join(import.meta.dirname, '../..')
const VERSION = '11.0.0+mine'
const TAG = '11.0.0_mine'
const ARCHES = LONG ? ['amd64', 'arm64'] : ['amd64']
const MAX_BYTES = 15e6

let work: Awaited<ReturnType<typeof scratch>>
let tools: ImageTools
let registry: Registry
let kernel: DebianKernel
let made: Ran

/** Runs the command in an empty folder, as an operator does. */
function npmRunImage(...args: string[]): Promise<Ran> {
  const command = `cd "$1" && shift && exec npm --prefix "${PROJECT}" run --silent image -- "$@"`
  const arches = ARCHES.flatMap((arch) => ['--arch', arch])
  return ran('sh', ['-c', command, 'sh', work.dir, ...arches, ...args], { HOME: process.env.HOME ?? '/root' })
}

const config = z.object({
  config: z.object({ Env: z.array(z.string()), Entrypoint: z.array(z.string()) }),
  rootfs: z.object({ diff_ids: z.array(z.string()) }),
})
const inspected = z.object({
  Digest: z.string(),
  Architecture: z.string(),
  Os: z.string(),
  Labels: z.record(z.string(), z.string()),
  Layers: z.array(z.string()),
  Env: z.array(z.string()),
})

beforeAll(async () => {
  work = await scratch()
  kernel = pinned('6.1', 'cloud-amd64')
  for (const { path, ...entry } of treeEntries(gunzipSync(smallDriver())))
    if (entry.tag === 'file') {
      mkdirSync(dirname(join(work.dir, path)), { recursive: true })
      writeFileSync(join(work.dir, path), entry.body)
    }
  made = await npmRunImage('--driver-source', 'libs', '--driver-version', VERSION, '--out', 'image')
  if (made.status !== 0) throw new Error(made.stderr)
  tools = await imageTools()
  mkdirSync(join(work.dir, 'unpacked'))
  for (const arch of ARCHES)
    tools.run(work.dir, [
      'umoci',
      'unpack',
      '--rootless',
      '--image',
      `image:${TAG}-${arch}`,
      `unpacked/${arch}`,
    ])
  const [, said = ''] = made.stdout.split('in SETTINGS_FILE:\n')
  const { drivers } = JSON.parse(said)
  registry = await startRegistry({
    dataDir: join(work.dir, 'data'),
    settings: { drivers: [...drivers, ...DEFAULTS.drivers] },
  })
}, 600_000)
afterAll(async () => {
  await registry?.stop()
  await work.remove()
})

const rootfs = (arch = 'amd64') => join(work.dir, 'unpacked', arch, 'rootfs')
const digestIn = ({ stdout, stderr }: Ran) => /sha256:[0-9a-f]{64}/.exec(stdout)?.[0] ?? stderr
const inspect = (arch: string, name = `image:${TAG}`) =>
  inspected.parse(
    JSON.parse(tools.run(work.dir, ['skopeo', 'inspect', '--override-arch', arch, `oci:${name}`])),
  )
const configOf = (arch: string) =>
  config.parse(JSON.parse(tools.run(work.dir, ['skopeo', 'inspect', '--config', `oci:image:${TAG}-${arch}`])))

describe.each(ARCHES)('the image for %s', (arch) => {
  test('is readable for skopeo and umoci, and its labels name its version and contents', () => {
    const { Architecture, Os, Labels } = inspect(arch)
    expect([Architecture, Os]).toEqual([arch, 'linux'])
    expect(Labels['org.opencontainers.image.version']).toBe(VERSION)
    const list = readFileSync(join(rootfs(arch), 'usr/share/falco-driver-loader/packages'))
    expect(Labels['internal.falco-probe-registry.root-packages']).toBe(sha256(list))
    expect(list.toString()).toMatch(/^curl \S+ [0-9a-f]{64}$/m)
    expect(Labels['internal.falco-probe-registry.root']).toBe(configOf(arch).rootfs.diff_ids[0])
  })

  test('has less than 15 MB compressed', () => {
    const bytes = inspect(arch).Layers.map(
      (digest) => statSync(join(work.dir, 'image/blobs', digest.replace(':', '/'))).size,
    )
    expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThan(MAX_BYTES)
  })

  test('has folders and programs of mode 0755, files of mode 0644, and no setuid files', () => {
    const modes = readdirSync(rootfs(arch), { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isSymbolicLink())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mode.toString(8))
    expect([...new Set(modes)].sort()).toEqual(['100644', '100755', '40755'])
  })

  test('has programs of its own architecture only', async () => {
    const machines = { amd64: 'Advanced Micro Devices X86-64', arm64: 'AArch64' } as const
    for (const name of ['busybox', 'curl', 'gpgv', 'kmod', 'zstd'])
      expect(await sh('readelf', ['-h', join(rootfs(arch), 'usr/bin', name)])).toContain(
        machines[arch as keyof typeof machines],
      )
  })
})

describe('the layout', () => {
  test('keeps the digest that the command printed when skopeo copies it', () => {
    mkdirSync(join(work.dir, 'copied'))
    tools.run(work.dir, ['skopeo', 'copy', '--quiet', '--all', `oci:image:${TAG}`, 'oci:copied:there'])
    const { manifests } = JSON.parse(readFileSync(join(work.dir, 'copied/index.json'), 'utf8'))
    expect(made.stdout).toContain(`falco-driver-loader:${TAG}, ${manifests[0].digest}`)
  })

  test('is readable from its archive, too', () => {
    const said = tools.run(work.dir, ['skopeo', 'inspect', '--raw', `oci-archive:image.tar:${TAG}`])
    expect(`sha256:${sha256(Buffer.from(said))}`).toBe(/sha256:[0-9a-f]{64}/.exec(made.stdout)?.[0])
  })

  test('has the same bytes if the command makes it again', async () => {
    const again = await npmRunImage('--driver-source', 'libs', '--driver-version', VERSION, '--out', 'again')
    expect(digestIn(again)).toBe(digestIn(made))
    const [one, other] = ['again.tar', 'image.tar'].map((name) => sha256(readFileSync(join(work.dir, name))))
    expect(one).toBe(other)
  })

  test('of another driver shares the root layer, and contains the given registry and key', async () => {
    const { body } = await ask(`${registry.url}/keys/falco-probes.asc`, '-L')
    writeFileSync(join(work.dir, 'falco-probes.asc'), body)
    const known = ['--key', 'falco-probes.asc', '--registries', `${registry.url}/driver`]
    const whole = await npmRunImage('--driver-version', '11.0.0+driver', ...known, '--out', 'whole')
    expect(whole.stdout).toContain('falco-driver-loader:11.0.0_driver, sha256:')
    expect(digestIn(whole)).not.toBe(digestIn(made))
    const { Env, Layers } = inspect('amd64', 'whole:11.0.0_driver')
    expect(Env).toContain(`DRIVERS_REPO=${registry.url}/driver`)
    expect(Layers[0]).toBe(inspect('amd64').Layers[0])
    const layer = readFileSync(join(work.dir, 'whole/blobs', (Layers[1] ?? '').replace(':', '/')))
    const files = [...treeEntries(gunzipSync(layer))].filter(({ tag }) => tag === 'file')
    const key = {
      tag: 'file',
      path: 'etc/falco/falco-probes.asc',
      executable: false,
      body: Buffer.from(body),
    }
    expect(files).toContainEqual(key)
    expect(files.map(({ path }) => path)).toEqual([key.path, 'usr/bin/falco-driver-loader'])
  })
})

describe('an init container', () => {
  const FILE = () => `falco_debian_${kernel.release}_1.ko`
  const version = () =>
    `#1 SMP PREEMPT_DYNAMIC Debian ${kernel.release.replace(/-cloud-amd64$/, '')} (2026-10-20)`

  /** Runs the container on a Debian node, with the mounts of values.yaml. */
  async function run(
    more: { env?: Record<string, string>; mounts?: Record<string, string>; user?: number } = {},
  ) {
    const node = mkdtempSync(join(work.dir, 'node-'))
    for (const folder of ['falco', 'host/etc', 'host/proc', 'key'])
      mkdirSync(join(node, folder), { recursive: true })
    writeFileSync(join(node, 'host/etc/os-release'), 'ID=debian\nVERSION_ID="12"\n')
    writeFileSync(join(node, 'host/proc/modules'), 'ext4 1000 1 - Live 0x0\n')
    writeFileSync(
      join(node, 'key/falco-probes.asc'),
      (await ask(`${registry.url}/keys/falco-probes.asc`, '-L')).body,
    )
    const { Env, Entrypoint } = configOf('amd64').config
    const image = Object.fromEntries(Env.map((one) => [one.split('=')[0]!, one.slice(one.indexOf('=') + 1)]))
    const said = await contained({
      rootfs: rootfs(),
      entrypoint: Entrypoint,
      args: ['module'],
      env: { ...image, DRIVERS_REPO: `${registry.url}/driver`, ...more.env },
      mounts: {
        '/root/.falco': `rw:${join(node, 'falco')}`,
        '/host': join(node, 'host'),
        '/etc/falco': join(node, 'key'),
        ...more.mounts,
      },
      ...(more.user === undefined ? {} : { user: more.user }),
    })
    return { ...said, file: join(node, 'falco', VERSION, 'x86_64', FILE()) }
  }
  const otherKernel = () => ({
    DRIVER_KERNEL_RELEASE: kernel.unameRelease,
    DRIVER_KERNEL_VERSION: version(),
  })

  test('downloads, verifies and stores a probe that the registry builds from the folder at the first request', async () => {
    const { status, stdout, stderr, file } = await run({ env: otherKernel() })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain(`* The signature of ${FILE()} is good`)
    expect(stdout).toContain(`is in place for the kernel ${kernel.unameRelease}`)
    expect(await sh('/usr/sbin/modinfo', ['-F', 'version', file])).toBe(`${VERSION}\n`)
    const { body } = await ask(`${registry.url}/driver/${encodeURIComponent(VERSION)}/x86_64/${FILE()}.json`)
    expect(JSON.parse(body).manifest.driverSource.sha256).toBe(
      inspect('amd64').Labels['internal.falco-probe-registry.driver-source'],
    )
  })

  test('needs no root user if it loads nothing', async () => {
    const { status, stdout } = await run({
      env: { ...otherKernel(), HOME: '/tmp' },
      mounts: { '/tmp': `rw:${mkdtempSync(join(work.dir, 'home-'))}` },
      user: 1000,
    })
    expect(stdout).toContain('is in place for the kernel')
    expect(status).toBe(0)
  })

  // Here the kernel refuses each module; in test/e2e/image.long.test.ts it loads the module.
  test('calls its own insmod, and reports why the kernel refused the module', async () => {
    const tool = mkdtempSync(join(work.dir, 'bin-'))
    const says = `-r) echo '${kernel.unameRelease}' ;; -v) echo '${version()}' ;; -m) echo x86_64 ;;`
    writeFileSync(join(tool, 'uname'), `#!/bin/sh\ncase $1 in ${says} esac\n`, { mode: 0o755 })
    const PATH = '/opt/bin:/usr/sbin:/usr/bin'
    const { status, stderr } = await run({ env: { PATH }, mounts: { '/opt/bin': tool } })
    expect(stderr).toMatch(
      /the kernel refused .*insmod: ERROR: could not insert module \S+: (?:Operation not permitted|Function not implemented)/,
    )
    expect(status).toBe(7)
  })

  test('refuses to load a probe without root', async () => {
    const { status, stderr } = await run({ user: 1000 })
    expect(stderr).toContain('only root can load a probe')
    expect(status).toBe(1)
  })
})
