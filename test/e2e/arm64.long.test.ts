// Tests Debian's arm64 kernels on an amd64 machine: a cross compiler builds their modules, and the kernels load them in an
// emulated machine.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { compareVersions } from '../../lib/archives/apt/version.ts'
import { openApt } from '../support/builds/apt.ts'
import { composed } from '../support/builds/roots.ts'
import { everySuite } from '../support/mirrors.ts'
import { ask, curl, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'

const MINUTES = 60_000
const DRIVER = '0.23.2'

/** Suite, kernel series, compiler, and how the compiler's version matches. The suite has this version for both architectures. */
const ROWS = [
  ['bookworm', '6.1', 'gcc-12', 'major'],
  ['trixie', '6.12', 'gcc-14', 'text'],
] as const

let work: Awaited<ReturnType<typeof scratch>>
let registry: Registry
beforeAll(async () => {
  work = await scratch()
  // Composing a root on a shared machine with two processors takes longer than the deadline of a plan.
  for (const [suite, , compiler] of ROWS)
    await composed({ tag: 'compilers', commands: [compiler], target: 'aarch64' }, suite)
  await composed({ tag: 'machine', target: 'aarch64' }, 'bookworm')
  const settings = { debian: { suites: everySuite(), snapshot: { mode: 'off' } } }
  registry = await startRegistry({ dataDir: work.dir, loadTest: 'recorded', settings })
}, 15 * MINUTES)
afterAll(async () => {
  await registry.stop()
  await work.remove()
})

/** The newest version of a series. Debian builds all architectures from one version. */
function newestOf(suite: string, series: string): string {
  const lists = openApt(everySuite().filter((one) => one.suite.replace('-security', '') === suite))
  const found = lists
    .matching('linux-headers-', /^linux-headers-\d+[^-]*(-\d+)?-amd64$/)
    .map(({ version }) => version)
    .filter((version) => version.startsWith(`${series}.`))
    .sort(compareVersions)
    .at(-1)
  if (found === undefined) throw new Error(`${suite} has no kernel ${series}`)
  return found
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + 8 * MINUTES
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error(`it did not happen within eight minutes:\n${registry.output()}`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

test.skipIf(process.arch !== 'x64').each(ROWS)(
  'an arm64 kernel of %s, %s, loads the module that the cross compiler %s built',
  async (suite, series, compiler, match) => {
    const release = `${newestOf(suite, series)}-arm64`
    const path = `/driver/${DRIVER}/aarch64/scap_debian_${release}_1.ko`
    const story = async () => JSON.parse((await ask(`${registry.url}${path}.json`)).body)
    const file = `${work.dir}/probe.ko`
    await until(async () => {
      const { code } = await curl(['-fsSL', '-o', file, '--max-time', '70', registry.url + path])
      const { state, detail } = await story()
      expect(state, detail).not.toBe('failed')
      return code === 0 ? true : undefined
    })
    const { manifest } = await story()
    expect(manifest).toMatchObject({ compiler: `aarch64-linux-gnu-${compiler}`, root: { suite, match } })
    const architectures = manifest.headers.map(({ url }: { url: string }) => /_(\w+)\.deb$/.exec(url)?.[1])
    // The headers that all flavours share; the tools of the tree, which run on this machine; the kernel's own headers.
    expect(architectures.sort()).toEqual(['all', 'amd64', 'arm64'])
    const loadTest = await until(async () => (await story()).loadTest)
    expect(loadTest).toMatchObject({ verdict: 'passed', capture: { events: expect.any(Number) } })
  },
  18 * MINUTES,
)
