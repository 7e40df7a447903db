import { expect, test } from 'vitest'
import {
  type BuildRootPorts,
  buildRoot,
  type RootWantedPorts,
  rootWanted,
} from '../../../../lib/build/roots/build-root.ts'
import { type Available, chooseCompiler } from '../../../../lib/build/roots/choose.ts'
import type { RootRecord } from '../../../../lib/build/roots/records.ts'
import type { RegistryEvent } from '../../../../lib/model/events.ts'
import { memoryPorts } from '../../../support/memory.ts'

const DEBIAN: Available[] = [
  ['bookworm', 'gcc-12'],
  ['bookworm', 'clang-13'],
  ['bookworm', 'clang-14'],
  ['trixie', 'gcc-14'],
  ['trixie', 'clang-17'],
  ['trixie', 'clang-19'],
].map(([suite = '', command = '']) => ({ suite, stable: true, command, version: '1' }))

/** A world in which a root is composed after so many looks; `Infinity`: never. */
function world(looks: number) {
  let time = 0
  const emitted: RegistryEvent[] = []
  const seen = new Map<string, number>()
  const memory = memoryPorts({ now: () => time })
  const wanted: RootWantedPorts = {
    records: {
      find: async (id): Promise<RootRecord | undefined> => {
        seen.set(id, (seen.get(id) ?? -1) + 1)
        return seen.get(id)! < looks ? undefined : { id, suite: '', digest: '', sha256: '', bytes: 1 }
      },
    },
    budgets: memory.budgets,
    bus: { emit: async (event) => void emitted.push(event) },
    now: () => time,
    newId: memory.newId,
    sleep: async (milliseconds) => {
      time += milliseconds
    },
  }
  const ports: BuildRootPorts = {
    records: wanted.records,
    composed: (root, spec) => rootWanted(wanted, root, spec),
    roots: {
      steps: 'bookworm',
      choose: async (wanted) => chooseCompiler(DEBIAN, wanted),
      of: async (spec, suite, arch) => ({
        id: `${suite} ${spec.tag === 'compilers' ? spec.commands.join(' ') : spec.tag}`,
        suite,
        arch,
        packages: [],
      }),
    },
  }
  return { ports, emitted, time: () => time }
}

test('a root that is composed is taken at once, and none is asked for', async () => {
  const { ports, emitted, time } = world(0)
  const root = await buildRoot(ports, 'x86_64', 'kmod', { command: 'gcc-12' })
  expect(root).toMatchObject({ record: { id: 'bookworm gcc-12' }, compiler: 'gcc-12', match: 'major' })
  expect(root.clang).toBeUndefined()
  expect([emitted, time()]).toEqual([[], 0])
})

test('an eBPF object gets the clang of its suite that is nearest to the one whose code every verifier takes', async () => {
  const { ports } = world(0)
  const bookworm = await buildRoot(ports, 'x86_64', 'ebpf', { command: 'gcc-12' })
  expect(bookworm).toMatchObject({ clang: 'clang-14', record: { id: 'bookworm gcc-12 clang-14' } })
  // The tree that a kernel module was built against is taken.
  expect(bookworm.treeRoot).toBe('bookworm gcc-12')
  expect(await buildRoot(ports, 'x86_64', 'ebpf', { command: 'gcc-14' })).toMatchObject({ clang: 'clang-17' })
})

test('one that is not is asked for by what it holds, and waited for', async () => {
  const { ports, emitted, time } = world(20)
  await buildRoot(ports, 'x86_64', 'kmod', { command: 'gcc-14' })
  const spec = { tag: 'compilers', commands: ['gcc-14'] }
  expect(emitted).toEqual([{ type: 'RootWanted', suite: 'trixie', arch: 'x86_64', spec }])
  expect(time()).toBe(10_000)
})

test('many builds that want one ask for it once a minute', async () => {
  const { ports, emitted } = world(100)
  const wanted = Array.from({ length: 10 }, () => buildRoot(ports, 'x86_64', 'kmod', { command: 'gcc-12' }))
  await Promise.all(wanted)
  expect(emitted).toHaveLength(1)
})

test('one that is never composed is told with where to look, and the plan comes again', async () => {
  const { ports, time } = world(Number.POSITIVE_INFINITY)
  await expect(buildRoot(ports, 'x86_64', 'kmod', { command: 'gcc-12' })).rejects.toMatchObject({
    code: 'root-missing',
    message: expect.stringContaining('The log of the function compose'),
  })
  expect(time()).toBeLessThanOrEqual(90_500)
})
