// A submitted kernel against the bare steps that its probe takes: olddefconfig, modules_prepare, and the module.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DEFAULTS } from '../lib/kernels/settings.ts'
import { packageBytes } from '../test/support/builds/archive.ts'
import { hostFiles } from '../test/support/registry/host-files.ts'
import { curl, DRIVER_VERSION, sh } from '../test/support/registry/registry.ts'

export interface BareTree {
  readonly seconds: number
  readonly config: string
}

/** `work`: where `bareMake` has unpacked the driver. The source is unpacked beforehand, as nobody compiles an archive. */
export async function bareTree(work: string, unameRelease: string): Promise<BareTree> {
  const series = unameRelease.split('.').slice(0, 2).join('.')
  const { config } = await hostFiles(unameRelease)
  const folder = join(work, 'source')
  await mkdir(folder, { recursive: true })
  const deb = `linux-source-${series}.deb`
  await writeFile(join(folder, deb), packageBytes(`linux-source-${series}`))
  const unpack = `dpkg-deb --fsys-tarfile "$0" | tar -xO --wildcards '*.tar.xz' | xz -dc -T0 | tar -x`
  await sh('sh', ['-ec', unpack, deb], folder)
  const tree = join(folder, `linux-source-${series}`)
  await writeFile(join(tree, '.config'), localversion(config))
  const start = performance.now()
  const make = ['-s', '-C', tree, '-j2', 'CC=gcc-12', 'HOSTCC=gcc-12']
  await sh('make', [...make, 'olddefconfig'])
  await sh('make', [...make, 'modules_prepare'])
  const driver = join(work, 'driver-0')
  await sh('make', ['-C', driver, `KERNELDIR=${tree}`, 'clean'])
  await sh('make', ['-C', driver, '-j2', `KERNELDIR=${tree}`, 'KBUILD_MODPOST_WARN=1', 'CC=gcc-12'])
  return { seconds: (performance.now() - start) / 1000, config }
}

/** Without the keys of the distribution, which no other machine has. */
const localversion = (config: string): string =>
  config.replace(/^CONFIG_LOCALVERSION=.*$/m, 'CONFIG_LOCALVERSION="-bench"')

const SECOND = '0.2.0+bench'

/** The driver in that folder, with its version changed; the settings under which it is served beside the first. */
export async function secondDriver(path: string): Promise<string> {
  await sh('rm', ['-f', 'main.o', 'scap.o', 'scap.ko'], path)
  const header = join(path, 'driver_config.h')
  await writeFile(header, (await readFile(header, 'utf8')).replace(`"${DRIVER}"`, `"${SECOND}"`))
  const shipped = DEFAULTS.drivers.find(({ source }) => source.from === 'package')
  const second = { match: '0\\.2\\.0\\+bench', about: SECOND, source: { from: 'directory', path } }
  const settings = { drivers: [shipped, { ...shipped, ...second }], loadTest: { mode: 'off' } }
  const file = `${path}.json`
  await writeFile(file, JSON.stringify(settings))
  return file
}

export interface SubmissionTimes {
  /** seconds from the POST to the probe, with nothing made before; the source is in the bucket */
  readonly first: number
  /** the same of another driver version, once the first one has left its tree */
  readonly next: number
  /** milliseconds of a POST that is known, median */
  readonly again: number
}

const KNOWN = 20
const DRIVER = decodeURIComponent(DRIVER_VERSION)

export async function timeSubmissions(url: string, config: string, work: string): Promise<SubmissionTimes> {
  const version = /^# Linux\/\S+ (\d+\.\d+\.\d+) /m.exec(config)?.[1] ?? '6.1.0'
  // The source of the series comes into the bucket with the first kernel of it.
  await toProbe(url, work, localversion(config).replace('-bench', '-warm'), `${version}-warm`)
  const first = await toProbe(url, work, localversion(config), `${version}-bench`)
  const next = await toProbe(url, work, localversion(config), `${version}-bench`, SECOND)
  const posts: number[] = []
  for (let i = 0; i < KNOWN; i += 1) {
    const start = performance.now()
    await post(url, work, `${version}-bench`)
    posts.push(performance.now() - start)
  }
  return { first, next, again: posts.sort((a, b) => a - b)[KNOWN / 2] ?? 0 }
}

async function toProbe(url: string, work: string, config: string, release: string, version = DRIVER) {
  await writeFile(join(work, 'config'), config)
  const start = performance.now()
  const path = await post(url, work, release, version)
  const got = await curl(['-sSL', '--fail-with-body', '--retry', '3', '-o', 'probe', url + path], work)
  if (got.code !== 0) throw new Error(got.stderr + (await readFile(join(work, 'probe'), 'utf8')))
  return (performance.now() - start) / 1000
}

async function post(url: string, work: string, release: string, version = DRIVER): Promise<string> {
  const driver = [`driver-version=${version}`, 'driver-name=scap', 'kind=kmod']
  const fields = [`release=${release}`, 'version=#1 SMP', 'machine=x86_64', ...driver]
  const form = ['config=@config', ...fields].flatMap((field) => ['-F', field])
  const { stdout } = await curl(['-fsS', ...form, `${url}/v1/probes`], work)
  const path = /"url": "([^"]+)"/.exec(stdout)?.[1]
  if (path === undefined) throw new Error(`no probe of driver ${version}: ${stdout}`)
  return path
}
