// Tests the build for a kernel whose source is in kernel.org's layout: the test serves Debian's copy of the same archive, and
// signs it with its own key.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { submissionAnswer } from '../../lib/api/schemas.ts'
import { sha256 } from '../../lib/model/digest.ts'
import { CACHE, openApt } from '../support/builds/apt.ts'
import { type GpgSigner, gpgSigner, type KernelOrg, startKernelOrg } from '../support/kernel-org.ts'
import { mainMirror } from '../support/mirrors.ts'
import { hostFiles } from '../support/registry/host-files.ts'
import { pinned } from '../support/registry/kernels.ts'
import {
  ask,
  curl,
  DRIVER_VERSION,
  type Registry,
  scratch,
  sh,
  startRegistry,
} from '../support/registry/registry.ts'

let kernelOrg: KernelOrg
let by: GpgSigner
let work: Awaited<ReturnType<typeof scratch>>
let registry: Registry
/** e.g. `6.1.176` */
let version: string
let packed: Uint8Array

beforeAll(async () => {
  const suite = openApt([{ mirror: mainMirror(), suite: 'bookworm' }])
  version = suite.find('linux-source-6.1')?.version.replace(/-.*/, '') ?? ''
  const file = original(version)
  packed = readFileSync(file)
  work = await scratch()
  by = gpgSigner()
  kernelOrg = await startKernelOrg()
  const tar = join(work.dir, 'linux.tar')
  execFileSync('sh', ['-c', 'xz -dc -T0 "$1" > "$2"', 'sh', file, tar])
  Object.assign(kernelOrg.files, {
    [`linux-${version}.tar.xz`]: packed,
    [`linux-${version}.tar.sign`]: by.signFile(tar),
  })
  const vanilla = { archive: kernelOrg.archive, keys: [by.key] }
  const settings = { submitted: [DRIVER_VERSION], vanilla }
  registry = await startRegistry({ dataDir: join(work.dir, 'data'), settings })
})
afterAll(async () => {
  await registry.stop()
  kernelOrg.stop()
  by.remove()
  await work.remove()
})

/** The path of Debian's copy of the source, in the cache of packages. */
function original(of: string): string {
  const file = join(CACHE, `linux_${of}.orig.tar.xz`)
  if (existsSync(file)) return file
  mkdirSync(CACHE, { recursive: true })
  const url = `${mainMirror()}/pool/main/l/linux/linux_${of}.orig.tar.xz`
  execFileSync('curl', ['-fsS', '-o', `${file}.${process.pid}`, url])
  renameSync(`${file}.${process.pid}`, file)
  return file
}

/** Debian's config as that of a custom kernel: without the options that show Debian's patches. */
const ownConfig = (config: string): string =>
  config
    .replace(
      /^CONFIG_(?:X86_X32_DISABLED|SECURITY_PERF_EVENTS_RESTRICT|LOCK_DOWN_IN_EFI_SECURE_BOOT)=y\n/gm,
      '',
    )
    .replace(/^(# Linux\S*) \S+ /m, `$1 ${version} `)
    .replace(/^CONFIG_LOCALVERSION=.*$/m, 'CONFIG_LOCALVERSION="-mine"')

async function built(config: string, release: string) {
  await writeFile(join(work.dir, 'config'), config)
  const facts = ['config=@config', `release=${release}`, 'version=#1 SMP', 'machine=x86_64', 'kind=kmod']
  const form = facts.flatMap((field) => ['-F', field])
  const { stdout } = await curl(['-fsS', ...form, `${registry.url}/v1/probes`], work.dir)
  const [probe] = submissionAnswer.parse(JSON.parse(stdout)).probes
  const url = registry.url + probe!.url
  const file = join(work.dir, 'probe.ko')
  const { code } = await curl(['-fsSL', '--retry', '5', '-o', file, url])
  return { url, file, code, why: code === 0 ? '' : (await ask(url)).body }
}

test('the registry builds from the source of kernel.org, though Debian has the version, too', async () => {
  const kernel = pinned('6.1', 'amd64')
  const config = ownConfig((await hostFiles(kernel.unameRelease)).config)
  const release = `${version}-mine`
  // The config is of another version than the source. The answer names the options that this source does not have.
  const first = await built(config, release)
  expect(first.why).toMatch(/do not hold in this source/)
  const lost = [...first.why.matchAll(/(CONFIG_\w+) \([ym], and here n\)/g)].map(([, option]) => option)
  expect(lost.length).toBeGreaterThan(0)
  const without = config.replace(new RegExp(`^(?:${lost.join('|')})=.*\\n`, 'gm'), '')
  const { url, file, code, why } = await built(without, release)
  expect([code, why]).toEqual([0, ''])
  expect((await sh('/usr/sbin/modinfo', ['-F', 'vermagic', file])).split(' ')[0]).toBe(release)
  const { manifest } = JSON.parse((await ask(`${url}.json`)).body)
  expect(manifest.headers[0]).toEqual({
    name: 'linux',
    version,
    url: kernelOrg.archive.replace('{major}', '6').replace('{version}', version),
    sha256: sha256(packed),
  })
  expect(kernelOrg.asked).toEqual([`linux-${version}.tar.sign`, `linux-${version}.tar.xz`])
})
