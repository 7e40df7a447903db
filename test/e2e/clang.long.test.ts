// Tests a host with a kernel that clang built. The host submits its config, the registry builds the module with clang and links
// it with lld, and the kernel loads it.

import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { submissionAnswer } from '../../lib/api/schemas.ts'
import { BASE_DEFAULTS } from '../../lib/model/settings.ts'
import { tell } from '../support/builds/apt.ts'
import { driverPackage } from '../support/builds/archive.ts'
import { loadTest } from '../support/builds/load.ts'
import { type LoopbackStore, openStore } from '../support/builds/store.ts'
import {
  ask,
  curl,
  DRIVER_VERSION,
  type Registry,
  scratch,
  startRegistry,
} from '../support/registry/registry.ts'
import { type SmallKernel, smallKernel } from '../support/small-kernel.ts'

const MINUTES = 60_000
const CLANG = 'clang-14'
/** A folder with archives of falcosecurity/libs, named by their tags, e.g. `10.2.0+driver.tar.gz`. */
const UPSTREAM = process.env.UPSTREAM_DRIVERS
/** The last upstream version with a build that does not support kernels that clang built, the first that does, the newest. */
const VERSIONS = ['9.1.0+driver', '10.0.0+driver', '10.2.0+driver']
const archiveOf = (version: string): string => join(UPSTREAM ?? '', `${version}.tar.gz`)
const isThere = (version: string): boolean => UPSTREAM !== undefined && existsSync(archiveOf(version))

let work: Awaited<ReturnType<typeof scratch>>
let registry: Registry
let store: LoopbackStore
let kernel: SmallKernel

beforeAll(async () => {
  work = await scratch()
  kernel = await smallKernel({ compiler: CLANG, localVersion: '-clang' })
  store = await openStore()
  const url = `${pathToFileURL(UPSTREAM ?? work.dir).href}/{driverVersion}.tar.gz`
  const drivers = BASE_DEFAULTS.drivers.map((entry) =>
    entry.source.from === 'archive' ? { ...entry, source: { from: 'archive', url } } : entry,
  )
  registry = await startRegistry({ dataDir: join(work.dir, 'data'), settings: { drivers } })
}, 30 * MINUTES)
afterAll(async () => {
  store.close()
  await registry.stop()
  await work.remove()
})

/** Submits the config as docs/submitting.md shows. */
async function submitted(driverVersion: string) {
  await writeFile(join(work.dir, 'config'), kernel.config)
  await writeFile(join(work.dir, 'os-release'), 'ID=mine\n')
  const facts = [`release=${kernel.release}`, 'version=#1 SMP', 'machine=x86_64', 'os-release=@os-release']
  const form = [
    'config=@config',
    ...facts,
    `driver-version=${driverVersion}`,
    'driver-name=scap',
    'kind=kmod',
  ]
  const { stdout } = await curl(
    ['-sS', ...form.flatMap((field) => ['-F', field]), `${registry.url}/v1/probes`],
    work.dir,
  )
  return submissionAnswer.parse(JSON.parse(stdout))
}

async function downloaded(path: string): Promise<Buffer> {
  const file = join(work.dir, 'probe.ko')
  const end = Date.now() + 8 * MINUTES
  for (;;) {
    const { code } = await curl(['-fsSL', '-o', file, '--max-time', '70', registry.url + path])
    if (code === 0) return readFile(file)
    const { state, detail } = JSON.parse((await ask(`${registry.url}${path}.json`)).body)
    expect(state, detail).not.toBe('failed')
    if (Date.now() > end) throw new Error(`${path} was not built in time: ${state}`)
  }
}

async function loads(driverVersion: string): Promise<void> {
  const answer = await submitted(driverVersion)
  expect(answer.compiler).toMatchObject({ family: 'clang', command: CLANG, exact: true })
  const { url } = answer.probes[0]!
  const probe = await downloaded(url)
  const { manifest } = JSON.parse((await ask(`${registry.url}${url}.json`)).body)
  expect(manifest).toMatchObject({ compiler: CLANG, root: { suite: 'bookworm', match: 'text' } })
  expect(manifest.compilerVersion).toBe('Debian clang version 14.0.6')
  const { verdict, log } = await loadTest(store, {
    settings: { UNAME_RELEASE: kernel.release, DRIVER_VERSION: driverVersion },
    inputs: [
      { role: 'probe', format: 'text', body: probe },
      { role: 'boot', format: 'text', body: kernel.image },
    ],
  })
  expect(verdict, log).toMatchObject({ verdict: 'passed', capture: { events: expect.any(Number) } })
}

test.each([DRIVER_VERSION, driverPackage('sid').driverVersion])(
  'Debian’s driver %s is built by the kernel’s clang, loads, and captures events',
  (driverVersion) => loads(driverVersion),
  12 * MINUTES,
)

test.for(VERSIONS)(
  'upstream’s driver %s is built by the kernel’s clang, loads, and captures events',
  { timeout: 12 * MINUTES },
  async (driverVersion, { skip }) => {
    if (isThere(driverVersion)) return loads(driverVersion)
    const why = `no archive of ${driverVersion}: UPSTREAM_DRIVERS names a folder of them, DRIVER_VERSION.tar.gz`
    tell(why)
    skip(why)
  },
)
