// Chooses the roots of a build, for its compiler and its steps. Has roots composed that do not exist yet.

import { ProbeError } from '../../model/errors.ts'
import type { RootSpec } from '../../model/events.ts'
import type { Budgets, Bus, Clock, NewId, Phase } from '../../model/ports.ts'
import type { Arch, Kind, Machines } from '../../model/probe.ts'
import type { Chosen, Wanted } from './choose.ts'
import type { RootRecord, RootRecords } from './records.ts'
import type { Root, Roots } from './roots.ts'
import { prefixOf } from './spec.ts'

export interface BuildRoot {
  readonly record: RootRecord
  /** architecture of the machine that runs the root */
  readonly machine: Arch
  /** command name, e.g. `gcc-12`; `aarch64-linux-gnu-gcc-12` on a machine of another architecture */
  readonly compiler: string
  /** prefix of commands that compile for another architecture: kbuild's CROSS_COMPILE */
  readonly cross?: string | undefined
  /** id of the root without clang: trees made from source are the same with and without it */
  readonly treeRoot: string
  /** for an eBPF object: the command of clang */
  readonly clang?: string | undefined
  readonly match: Chosen['match']
}

export interface BuildRootPorts {
  readonly machines: Machines
  readonly roots: Roots
  readonly records: Pick<RootRecords, 'find'>
  /** Composes the root, or has it composed. @throws {ProbeError} `root-missing`, ... */
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

/** The verifiers of all kernels are known to accept its objects. A suite without it uses its nearest version. */
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
  const target = machine === arch ? undefined : arch
  const alone: RootSpec = { tag: 'compilers', commands: [command], target }
  const spec: RootSpec =
    clang === undefined || clang === command ? alone : { ...alone, commands: [command, clang] }
  const { id: treeRoot } = await ports.roots.of(alone, suite, machine)
  const root = await ports.roots.of(spec, suite, machine)
  const record = (await ports.records.find(root.id)) ?? (await ports.composed(root, spec))
  const prefix = prefixOf(machine, arch)
  // One clang command compiles for every architecture.
  const compiler = command.startsWith('clang-') ? command : `${prefix}${command}`
  return { record, machine, match, treeRoot, compiler, cross: prefix || undefined, clang }
}

/** Finds the root for the steps of a phase. @throws {ProbeError} `headers-not-found`, `root-missing`, and those of `Roots`. */
export async function stepsRoot(ports: BuildRootPorts, arch: Arch, phase: Phase): Promise<RootRecord> {
  const machine = ports.machines[arch]
  const target = machine === arch ? undefined : arch
  const spec: RootSpec = phase === 'build' ? { tag: 'steps' } : { tag: 'machine', target }
  const root = await ports.roots.of(spec, ports.roots.steps, machine)
  return (await ports.records.find(root.id)) ?? (await ports.composed(root, spec))
}

/** Composing a root takes some 20 seconds, during which clients wait for the probe. */
const WAIT_MILLISECONDS = 90_000
const LOOK_MILLISECONDS = 500
const MINUTE = 60_000

/**
 * Requests the root and waits for its record. Sends only one event a minute, even if many builds want the root. After a crash
 * before the event, the next minute sends it, and the plan's own event comes again.
 * @throws {ProbeError} `root-missing`.
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
