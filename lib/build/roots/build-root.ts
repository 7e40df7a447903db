// The roots of one build: what it compiles in, chosen by the word of its kernel, and what its steps run in. Each is composed
// before the build where it never was.

import { ProbeError } from '../../model/errors.ts'
import type { RootSpec } from '../../model/events.ts'
import type { Budgets, Bus, Clock, NewId, Phase } from '../../model/ports.ts'
import type { Arch, Kind, Machines } from '../../model/probe.ts'
import type { Chosen, Wanted } from './choose.ts'
import type { RootRecord, RootRecords } from './records.ts'
import type { Root, Roots } from './roots.ts'
import { prefixOf } from './spec.ts'

/** What a build compiles in, and with. */
export interface BuildRoot {
  readonly record: RootRecord
  /** of the machine that it runs on */
  readonly machine: Arch
  /** command name, e.g. `gcc-12`; `aarch64-linux-gnu-gcc-12` on a machine of another architecture */
  readonly compiler: string
  /** what the commands begin with that compile for another architecture than the machine's: kbuild's CROSS_COMPILE */
  readonly cross?: string
  /** of the root that has the compiler alone: trees that are made of source are the same with a clang beside it */
  readonly treeRoot: string
  /** of an eBPF object */
  readonly clang?: string
  /** how near it is to the compiler that built the kernel */
  readonly match: Chosen['match']
}

export interface BuildRootPorts {
  readonly machines: Machines
  readonly roots: Roots
  readonly records: Pick<RootRecords, 'find'>
  /** Has a root composed that never was. ProbeError `root-missing`, ... */
  readonly composed: (root: Root, spec: RootSpec) => Promise<RootRecord>
}

export interface RootWantedPorts {
  readonly records: Pick<RootRecords, 'find'>
  readonly budgets: Budgets
  readonly bus: Bus
  readonly now: Clock
  readonly newId: NewId
  readonly sleep: (milliseconds: number) => Promise<void>
}

/** The clang that the verifier of every kernel is known to take; of another suite the one that is nearest to it. */
const CLANG = 'clang-14'

/** @throws {ProbeError} `headers-not-found`, `root-missing`, and those of `Roots`. */
export async function buildRoot(
  ports: BuildRootPorts,
  arch: Arch,
  kind: Kind,
  wanted: Wanted,
): Promise<BuildRoot> {
  const machine = ports.machines[arch]
  const { suite, command, match } = await ports.roots.choose(wanted, machine, arch)
  const clang =
    kind === 'ebpf' ? (await ports.roots.choose({ command: CLANG, suite }, machine)).command : undefined
  const cross = machine === arch ? {} : { target: arch }
  const alone: RootSpec = { tag: 'compilers', commands: [command], ...cross }
  const spec: RootSpec =
    clang === undefined || clang === command ? alone : { ...alone, commands: [command, clang] }
  const { id: treeRoot } = await ports.roots.of(alone, suite, machine)
  const root = await ports.roots.of(spec, suite, machine)
  const record = (await ports.records.find(root.id)) ?? (await ports.composed(root, spec))
  const found = { record, machine, match, treeRoot, ...(clang === undefined ? {} : { clang }) }
  return { ...found, ...commandsOf(command, prefixOf(machine, arch)) }
}

/** clang compiles for every architecture by one command. */
function commandsOf(command: string, prefix: string): Pick<BuildRoot, 'compiler' | 'cross'> {
  const compiler = command.startsWith('clang-') ? command : `${prefix}${command}`
  return prefix === '' ? { compiler } : { compiler, cross: prefix }
}

/** What the steps of a phase of an architecture's builds run in. ProbeError `headers-not-found`, `root-missing`, and those of `Roots`. */
export async function stepsRoot(ports: BuildRootPorts, arch: Arch, phase: Phase): Promise<RootRecord> {
  const machine = ports.machines[arch]
  const booted: RootSpec = { tag: 'machine', ...(machine === arch ? {} : { target: arch }) }
  const spec: RootSpec = phase === 'build' ? { tag: 'steps' } : booted
  const root = await ports.roots.of(spec, ports.roots.steps, machine)
  return (await ports.records.find(root.id)) ?? (await ports.composed(root, spec))
}

/** Composing takes some 20 seconds; whoever waits for the probe waits for it as well. */
const WAIT_MILLISECONDS = 90_000
const LOOK_MILLISECONDS = 500
const MINUTE = 60_000

/**
 * Asks for it by one event a minute, however many builds want it, and waits for its record. ProbeError `root-missing`. A crash before the event leaves it to the next minute; the
 * plan that waited is told again by its own event.
 */
export async function rootWanted(
  ports: RootWantedPorts,
  { id, suite, arch }: Root,
  spec: RootSpec,
): Promise<RootRecord> {
  const end = ports.now() + WAIT_MILLISECONDS
  const budget = `root-wanted/${Math.floor(ports.now() / MINUTE)}/${id}`
  if (await ports.budgets.spend(budget, ports.newId(), 1))
    await ports.bus.emit({ type: 'RootWanted', suite, arch, spec })
  while (ports.now() < end) {
    await ports.sleep(LOOK_MILLISECONDS)
    const record = await ports.records.find(id)
    if (record !== undefined) return record
  }
  throw new ProbeError(
    'root-missing',
    `the build root ${id} of ${suite} was not composed within ${WAIT_MILLISECONDS / 1000} s: is the archive that the settings name for roots reachable? The log of the function compose says what it lacks`,
  )
}
