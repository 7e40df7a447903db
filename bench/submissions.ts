// Compares a submitted kernel with the minimum steps that its probe needs: olddefconfig, modules_prepare, and
// the module.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageBytes } from '../test/support/builds/archive.ts'
import { hostFiles } from '../test/support/registry/host-files.ts'
import { debianKernels } from '../test/support/registry/kernels.ts'
import { curl, DRIVER_VERSION, sh } from '../test/support/registry/registry.ts'
import { driversOf, fetchAll, freshDriver, unpackAll } from './by-hand.ts'
import type { Measure } from './stage.ts'
import { type About, inTurns, rowOf, seconds } from './turns.ts'

export const measureSubmissions: Measure = async (stage) => {
  const [kernel] = debianKernels('6.1', 'amd64')
  const [driver] = driversOf(['bookworm'])
  if (kernel === undefined || driver === undefined) throw new Error('a 6.1 kernel and a driver are needed')
  const { registry } = await stage.warm()
  const work = join(stage.folder, 'submitted')
  await fetchAll(work, [driver.url])
  await unpackAll(work)
  const { config } = await hostFiles(kernel.unameRelease)
  const version = /^# Linux\/\S+ (\d+\.\d+\.\d+) /m.exec(config)?.[1] ?? '6.1.0'
  const probe = (name: string) =>
    toProbe(registry.url, work, localversion(config, name), `${version}-${name}`)
  // The first kernel of a series brings the source of the series into the bucket.
  const [tree] = await Promise.all([sourceTree(work, kernel.series), probe('warm')])
  const turns = await inTurns(
    stage.rounds,
    (round) => probe(`bench${round}`),
    () => bareSteps(work, tree, localversion(config, 'bare'), driver.version),
  )
  const list = (which: 'ours' | 'theirs') => turns.map((turn) => turn[which].toFixed(1)).join(', ')
  const about: About = {
    ...{ name: 'submitted', what: 'submitted kernel, from its POST to the last byte', goal: { atMost: 0.9 } },
    against: 'bare olddefconfig, modules_prepare and module',
    note: `${list('ours')} s; by hand ${list('theirs')} s`,
  }
  return [rowOf(about, turns)]
}

/** Unpacked before the measurement, because unpacking is not part of the steps. */
async function sourceTree(work: string, series: string): Promise<string> {
  const deb = `linux-source-${series}.deb`
  await writeFile(join(work, deb), packageBytes(`linux-source-${series}`))
  const unpack = `dpkg-deb --fsys-tarfile "$0" | tar -xO --wildcards '*.tar.xz' | xz -dc -T0 | tar -x`
  await sh('sh', ['-ec', unpack, deb], work)
  return join(work, `linux-source-${series}`)
}

/** Seconds, in a tree without build results. */
async function bareSteps(work: string, tree: string, config: string, driverVersion: string): Promise<number> {
  const make = ['-s', '-C', tree, '-j2', 'CC=gcc-12', 'HOSTCC=gcc-12']
  await sh('make', [...make, 'mrproper'])
  await writeFile(join(tree, '.config'), config)
  const driver = join(work, 'driver')
  await freshDriver(work, driverVersion, driver)
  return seconds(async () => {
    await sh('make', [...make, 'olddefconfig'])
    await sh('make', [...make, 'modules_prepare'])
    await sh('make', ['-C', driver, '-j2', `KERNELDIR=${tree}`, 'KBUILD_MODPOST_WARN=1', 'CC=gcc-12'])
  })
}

const localversion = (config: string, name: string): string =>
  config.replace(/^CONFIG_LOCALVERSION=.*$/m, `CONFIG_LOCALVERSION="-${name}"`)

const DRIVER = decodeURIComponent(DRIVER_VERSION)

async function toProbe(url: string, work: string, config: string, release: string) {
  await writeFile(join(work, 'config'), config)
  const start = performance.now()
  const path = await post(url, work, release)
  const got = await curl(['-sSL', '--fail-with-body', '--retry', '3', '-o', 'probe', url + path], work)
  if (got.code !== 0) throw new Error(got.stderr + (await readFile(join(work, 'probe'), 'utf8')))
  return (performance.now() - start) / 1000
}

async function post(url: string, work: string, release: string): Promise<string> {
  const driver = [`driver-version=${DRIVER}`, 'driver-name=scap', 'kind=kmod']
  const fields = [`release=${release}`, 'version=#1 SMP', 'machine=x86_64', ...driver]
  const form = ['config=@config', ...fields].flatMap((field) => ['-F', field])
  const { stdout } = await curl(['-fsS', ...form, `${url}/v1/probes`], work)
  const path = /"url": "([^"]+)"/.exec(stdout)?.[1]
  if (path === undefined) throw new Error(`no probe of driver ${DRIVER}: ${stdout}`)
  return path
}
