// Decides from a kernel's config if each of Falco's engines runs: yes, maybe or no, with reasons and remedies.

import { eachOf } from '../model/each.ts'
import { seriesOf } from '../model/series.ts'
import type { Seen } from './conditions.ts'
import { type Kconfig, partOf } from './kconfig.ts'
import {
  type ByDefault,
  type Effect,
  ENGINES,
  type Engine,
  RULES,
  type Rule,
  type RuleCode,
} from './rules.ts'

export interface Reason {
  readonly code: RuleCode | 'not-a-whole-config' | 'unknown-version' | 'nothing-in-the-way'
  /** the deciding fact: an option such as `CONFIG_MODULES`, or a version */
  readonly option: string
  readonly effect: Effect['tag']
  /** a probe that is built only from the config could never load, or would be wrong */
  readonly blocks: boolean
  /** human-readable: what happens, and what to do */
  readonly detail: string
  /** source of the fact */
  readonly source: string
}

export interface EngineAnswer {
  readonly answer: 'yes' | 'maybe' | 'no'
  /** result if Secure Boot is off and the command line has no related option */
  readonly byDefault: ByDefault
  /** never empty; the deciding reasons come first */
  readonly reasons: readonly Reason[]
}

export type Summary = Readonly<Record<Engine, EngineAnswer>>

export interface KernelFacts {
  /** `uname -r`; absent: unknown */
  readonly kernelRelease?: string | undefined
  /** true for symbols that the kernel exports, by its Module.symvers; absent: the host did not send that file */
  readonly exported?: ((symbol: string) => boolean) | undefined
}

/** A rule that applies to a kernel, and the fact that decides it. */
type Held = Rule & Pick<Reason, 'option'>

/** All rules that apply, in the order of the table. */
const heldRules = (seen: Seen, engine: Engine): Held[] =>
  RULES.filter(({ engines }) => engines.includes(engine)).flatMap((rule) => {
    const option = rule.when.holds(seen)
    return option === undefined ? [] : [{ ...rule, option }]
  })

export function summarize(config: Kconfig, { kernelRelease, exported }: KernelFacts): Summary {
  const part = partOf(config)
  const series = seriesOf(config.headerVersion ?? '') ?? seriesOf(kernelRelease ?? '')
  const seen = { config, whole: part === undefined, series, exported }
  const held = eachOf(ENGINES, (engine) => heldRules(seen, engine))
  const unknown = [
    ...(part === undefined ? [] : [partReason(part)]),
    ...(series === undefined ? [NO_VERSION] : []),
  ]
  const runs = ENGINES.filter((engine) => !held[engine].some(({ effect }) => effect.tag === 'prevents'))
  return eachOf(ENGINES, (engine) => answerOf(engine, held[engine], unknown, runs))
}

function answerOf(
  engine: Engine,
  held: readonly Held[],
  unknown: readonly Reason[],
  runs: readonly Engine[],
): EngineAnswer {
  const reasons = (tag: Effect['tag']) => held.filter(({ effect }) => effect.tag === tag).map(reasonOf)
  const preventing = withWayOut(held, reasons('prevents'), instead(engine, runs))
  const notes = reasons('note')
  if (preventing.length > 0) {
    const reasons = [...preventing, ...adviceForSigned(preventing, notes)]
    return { answer: 'no', byDefault: 'refused', reasons }
  }
  const doubts = [...unknown, ...reasons('may-prevent')]
  if (doubts.length > 0)
    return { answer: 'maybe', byDefault: byDefaultOf(held), reasons: [...doubts, ...notes] }
  return { answer: 'yes', byDefault: 'loads', reasons: [nothingInTheWay(engine), ...notes] }
}

/** Someone who signs the module must also build it, and needs this advice for that. */
const adviceForSigned = (preventing: readonly Reason[], notes: readonly Reason[]): Reason[] =>
  preventing.every(({ code }) => code === 'unsigned-refused' || code === 'lockdown')
    ? notes.filter(({ code }) => code === 'needs-symvers')
    : []

/** The worst result of the rules that may prevent it. */
function byDefaultOf(held: readonly Held[]): EngineAnswer['byDefault'] {
  const said = held.flatMap(({ effect }) => (effect.tag === 'may-prevent' ? [effect.byDefault] : []))
  return (['refused', 'loads-if-built-so'] as const).find((worst) => said.includes(worst)) ?? 'loads'
}

const reasonOf = (rule: Held): Reason => ({
  code: rule.code,
  option: rule.option,
  effect: rule.effect.tag,
  blocks: rule.blocksConfigBuild ?? (rule.effect.tag === 'prevents' && !rule.byDriverVersion),
  detail: rule.todo === undefined ? rule.what : `${rule.what} ${rule.todo}.`,
  source: rule.source,
})

/** If no preventing rule has a remedy, adds `otherwise` to the first reason. */
function withWayOut(held: readonly Held[], reasons: readonly Reason[], otherwise: string): readonly Reason[] {
  const [first, ...others] = reasons
  const said = held.some(({ effect, todo }) => effect.tag === 'prevents' && todo !== undefined)
  if (first === undefined || said) return reasons
  return [{ ...first, detail: `${first.detail} ${otherwise}.` }, ...others]
}

const USE: Readonly<Record<Engine, string>> = {
  modernEbpf: 'Use the modern eBPF probe (engine.kind=modern_ebpf), which needs no driver',
  kmod: 'Use the kernel module (engine.kind=kmod)',
  ebpf: 'Use the legacy eBPF probe (engine.kind=ebpf, Falco up to 0.43, driver versions up to 9.1.0+driver)',
}

/** Recommends the best engine that runs instead of `engine`. */
function instead(engine: Engine, runs: readonly Engine[]): string {
  const best = (['modernEbpf', 'kmod', 'ebpf'] as const).find((one) => one !== engine && runs.includes(one))
  return best === undefined
    ? 'No engine of Falco runs on this kernel: boot one that was built with what is missing'
    : USE[best]
}

const NOTHING: Readonly<Record<Engine, readonly [option: string, detail: string]>> = {
  kmod: ['CONFIG_MODULES', 'This kernel loads unsigned modules, and nothing in its config can forbid it.'],
  ebpf: [
    'CONFIG_BPF_SYSCALL',
    'CONFIG_BPF_SYSCALL, CONFIG_BPF_EVENTS and CONFIG_TRACEPOINTS are on, and nothing in the config can forbid it.',
  ],
  modernEbpf: [
    'CONFIG_DEBUG_INFO_BTF',
    'This kernel is new enough (5.8), and CONFIG_DEBUG_INFO_BTF, CONFIG_BPF_SYSCALL, CONFIG_BPF_EVENTS and CONFIG_TRACEPOINTS are on.',
  ],
}

const nothingInTheWay = (engine: Engine): Reason => ({
  code: 'nothing-in-the-way',
  option: NOTHING[engine][0],
  effect: 'note',
  blocks: false,
  detail: NOTHING[engine][1],
  source: 'lib/kconfig/rules.ts: no rule that prevents it holds',
})

const partReason = (why: string): Reason => ({
  code: 'not-a-whole-config',
  option: 'the config',
  effect: 'may-prevent',
  blocks: true,
  detail: `This is a part of a config, and what is absent may be on: ${why}. Send what the running kernel was built with: /proc/config.gz (modprobe configs), /boot/config-$(uname -r) or /lib/modules/$(uname -r)/config.`,
  source: 'scripts/kconfig/confdata.c: it writes every visible option',
})

const NO_VERSION: Reason = {
  code: 'unknown-version',
  option: 'the version',
  effect: 'may-prevent',
  blocks: false,
  detail:
    'Neither the first comment of the config nor a release says which version this kernel is. Send uname -r too.',
  source: 'lib/kconfig/rules.ts: the rules that ask for a version',
}
