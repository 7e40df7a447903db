// Tests kernels of four Debian releases: the compiler that built the kernel builds its module, and the kernel loads it. The short
// form tests one release, whose build root no other test uses.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compareVersions } from '../../lib/archives/apt/version.ts'
import { openApt, tell } from '../support/builds/apt.ts'
import { LONG } from '../support/long.ts'
import { everySuite } from '../support/mirrors.ts'
import {
  ask,
  curl,
  DRIVER_VERSION,
  type Registry,
  scratch,
  startRegistry,
} from '../support/registry/registry.ts'

const OLD = DRIVER_VERSION
const NEW = '0.23.2'

/** Suite, kernel series, kernel version, driver version, the compiler that built that kernel, and the suite of the root. */
const ROWS = [
  ['bullseye', '5.10', '5.10.223-1', OLD, 'gcc-10', 'bullseye'],
  ['bookworm', '6.1', '6.1.176-1', OLD, 'gcc-12', 'bookworm'],
  ['trixie', '6.12', '6.12.117-1', NEW, 'gcc-14', 'trixie'],
  ['sid', '7.2', '7.2.13-1', NEW, 'gcc-16', 'sid'],
] as const
const TRIED = LONG ? ROWS : ROWS.filter(([suite]) => suite === 'trixie')

let work: Awaited<ReturnType<typeof scratch>>
let registry: Registry
beforeAll(async () => {
  if (!LONG) tell('kernels of bullseye, bookworm and sid by their own compilers: in npm run test:long')
  work = await scratch()
  const settings = { debian: { suites: everySuite() } }
  registry = await startRegistry({ dataDir: work.dir, loadTest: 'recorded', settings })
})
afterAll(async () => {
  await registry.stop()
  await work.remove()
})

/** The wanted version. If the suite does not have it, the nearest one, and a message names it. */
function versionOf(suite: string, series: string, meant: string): string {
  const lists = openApt(everySuite().filter((one) => one.suite === suite))
  const headers = lists.matching('linux-headers-', /^linux-headers-\d+[^-]*(-\d+)?-amd64$/)
  const versions = headers
    .map(({ version }) => version)
    .filter((version) => version.startsWith(`${series}.`))
    .sort(compareVersions)
  const found = versions.find((version) => compareVersions(version, meant) >= 0) ?? versions.at(-1)
  if (found === undefined) throw new Error(`${suite} has no kernel ${series}`)
  if (found !== meant) tell(`kernel ${meant} is not in ${suite}; taking the nearest, ${found}`)
  return found
}

const MINUTES = 60_000

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + 4 * MINUTES
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error(`it did not happen within four minutes:\n${registry.output()}`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

test('answers at once, without a build, if the driver is known not to compile for the kernel', async () => {
  const path = `/driver/${encodeURIComponent(OLD)}/x86_64/scap_debian_6.12.117-1-amd64_1.ko`
  const began = performance.now()
  const { status, body } = await ask(registry.url + path, '-L')
  expect(performance.now() - began).toBeLessThan(5000)
  expect({ status, ...JSON.parse(body) }).toMatchObject({ status: 404, code: 'known-to-fail' })
  expect(JSON.parse(body).detail).toMatch(/fd_is_open.* Use driver version 0\.20\.0 .* error: /)
  expect(await readdir(join(work.dir, 'builds')).catch(() => [])).toEqual([])
})

test.each(TRIED)(
  'a kernel of %s %s (%s) captures events with driver %s, built by its own compiler, %s of %s',
  async (suite, series, meant, driver, compiler, root) => {
    const version = versionOf(suite, series, meant)
    const name = `scap_debian_${version}-amd64_1.ko`
    const path = `/driver/${encodeURIComponent(driver)}/x86_64/${name}`
    const story = async () => JSON.parse((await ask(`${registry.url}${path}.json`)).body)
    await until(async () => {
      const { code } = await curl(['-fsSL', '-o', '/dev/null', '--max-time', '70', registry.url + path])
      const { state, detail } = await story()
      expect(state, detail).not.toBe('failed')
      return code === 0 ? true : undefined
    })
    const { manifest } = await story()
    expect(manifest).toMatchObject({ compiler, root: { suite: root, match: 'text' } })
    expect(manifest.compilerVersion).toMatch(new RegExp(`^${compiler} \\(Debian `))
    const loadTest = await until(async () => (await story()).loadTest)
    expect(loadTest).toMatchObject({ verdict: 'passed', capture: { buffers: 1 } })
    expect(loadTest.capture.events).toBeGreaterThan(100)
  },
  9 * MINUTES,
)
