import { expect, test } from 'vitest'
import {
  type BuildRootPorts,
  buildRoot,
  type RootWantedPorts,
  rootWanted,
  stepsRoot,
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

/** A world in which a root exists after this number of looks; `Infinity`: never. */
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
    machines: { x86_64: 'x86_64', aarch64: 'x86_64' },
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

test('an existing root is used at once, and none is requested', async () => {
  const { ports, emitted, time } = world(0)
  const root = await buildRoot(ports, 'x86_64', 'kmod', { command: 'gcc-12' })
  expect(root).toMatchObject({ record: { id: 'bookworm gcc-12' }, compiler: 'gcc-12', match: 'major' })
  expect(root.clang).toBeUndefined()
  expect([emitted, time()]).toEqual([[], 0])
})

test('an eBPF object gets the clang of its suite nearest to the one that suits every verifier', async () => {
  const { ports } = world(0)
  const bookworm = await buildRoot(ports, 'x86_64', 'ebpf', { command: 'gcc-12' })
  expect(bookworm).toMatchObject({ clang: 'clang-14', record: { id: 'bookworm gcc-12 clang-14' } })
  // The object uses the tree that a kernel module was built against.
  expect(bookworm.treeRoot).toBe('bookworm gcc-12')
  expect(await buildRoot(ports, 'x86_64', 'ebpf', { command: 'gcc-14' })).toMatchObject({ clang: 'clang-17' })
})

test('a missing root is requested by its content, and the build waits for it', async () => {
  const { ports, emitted, time } = world(20)
  await buildRoot(ports, 'x86_64', 'kmod', { command: 'gcc-14' })
  const spec = { tag: 'compilers', commands: ['gcc-14'] }
  expect(emitted).toEqual([{ type: 'RootWanted', suite: 'trixie', arch: 'x86_64', spec }])
  expect(time()).toBe(10_000)
})

test('ten builds that wait for the same root request it once', async () => {
  const { ports, emitted } = world(100)
  const wanted = Array.from({ length: 10 }, () => buildRoot(ports, 'x86_64', 'kmod', { command: 'gcc-12' }))
  await Promise.all(wanted)
  expect(emitted).toHaveLength(1)
})

test('if a root is never composed, the wait ends in time and the error names the log to read', async () => {
  const { ports, time } = world(Number.POSITIVE_INFINITY)
  await expect(buildRoot(ports, 'x86_64', 'kmod', { command: 'gcc-12' })).rejects.toMatchObject({
    code: 'root-missing',
    message: expect.stringContaining('The log of the function compose'),
  })
  expect(time()).toBeLessThanOrEqual(90_500)
})

test('a builder of another architecture gets a cross compiler, and a root with the machine of the load test', async () => {
  const { ports } = world(0)
  const asked: unknown[] = []
  const watched: BuildRootPorts = {
    ...ports,
    roots: {
      ...ports.roots,
      of: async (spec, suite, arch) => {
        asked.push({ ...spec, arch })
        return ports.roots.of(spec, suite, arch)
      },
    },
  }
  const root = await buildRoot(watched, 'aarch64', 'kmod', { command: 'gcc-12' })
  expect(root).toMatchObject({
    machine: 'x86_64',
    compiler: 'aarch64-linux-gnu-gcc-12',
    cross: 'aarch64-linux-gnu-',
  })
  await stepsRoot(watched, 'aarch64', 'load-test')
  await stepsRoot(watched, 'aarch64', 'build')
  const cross = { tag: 'compilers', commands: ['gcc-12'], target: 'aarch64', arch: 'x86_64' }
  expect(asked).toEqual([
    cross,
    cross,
    { tag: 'machine', target: 'aarch64', arch: 'x86_64' },
    { tag: 'steps', arch: 'x86_64' },
  ])
})

test('clang compiles for every architecture by its own command, and compiles the eBPF object of a kernel that it built', async () => {
  const { ports } = world(0)
  const arm = await buildRoot(ports, 'aarch64', 'kmod', { command: 'clang-14' })
  expect(arm).toMatchObject({ compiler: 'clang-14', cross: 'aarch64-linux-gnu-' })
  const object = await buildRoot(ports, 'x86_64', 'ebpf', { command: 'clang-14' })
  expect(object).toMatchObject({
    record: { id: 'bookworm clang-14' },
    compiler: 'clang-14',
    clang: 'clang-14',
  })
  expect(object.cross).toBeUndefined()
})
