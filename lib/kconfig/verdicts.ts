// Checks a config: whether a probe can be built from it, whether the probe will load, and the remedy if not.

import type { Arch, Kind } from '../model/probe.ts'
import { quote } from '../model/text.ts'
import { isOn, type Kconfig, partOf, stringOf } from './kconfig.ts'
import { hasOwnSource, patchedNote, patchesIn } from './patched.ts'
import { type EngineAnswer, type KernelFacts, type Reason, type Summary, summarize } from './summary.ts'

export type VerdictCode =
  | Reason['code']
  | 'will-load'
  | 'may-load'
  | 'headers-have-symvers'
  | 'release-mismatch'
  | 'arch-mismatch'

/** With `blocks`, the registry builds the probe from the config only if forced. */
export interface Verdict extends Pick<Reason, 'option' | 'blocks' | 'detail'> {
  readonly code: VerdictCode
}

export interface VerdictFacts extends KernelFacts {
  /** `uname -r` */
  readonly kernelRelease: string
  readonly arch: Arch
  readonly kind: Kind
  /**
   * target under whose name the registry builds this kernel from its own headers, if it finds them. Headers contain data that a
   * config lacks, such as Module.symvers
   */
  readonly headersOf?: string | undefined
}

/**
 * Never empty. The first verdict is `will-load` if nothing prevents the probe from loading, and `may-load` if only the host's
 * command line, Secure Boot or policy can prevent it. A fragment of a config gets only one verdict.
 */
export function verdicts(config: Kconfig, facts: VerdictFacts): Verdict[] {
  const part = partOf(config)
  if (part !== undefined) return [fragment(part)]
  const answer = summarize(config, facts)[facts.kind]
  const found = [
    ...otherArch(config, facts.arch),
    ...otherVersion(config, facts.kernelRelease),
    ...otherSuffix(config, facts.kernelRelease),
    ...patches(config, facts),
    ...answer.reasons.flatMap((reason) => (SAID.includes(reason.code) ? [] : verdictOf(reason, facts))),
  ]
  const doubtful = found.some(({ blocks, code }) => blocks || DOUBTS.includes(code))
  return doubtful || answer.answer === 'no' ? found : [loading(facts.kind, answer), ...found]
}

/** Reasons that other verdicts express already. */
const SAID: readonly Reason['code'][] = ['nothing-in-the-way', 'patched-kernel']

/** With these, a probe that is built only from the config may be wrong, even if the kernel would load it. */
const DOUBTS: readonly VerdictCode[] = ['needs-symvers', 'patched-kernel']

/** Does not block, because the registry first looks for the kernel's own headers. Without them it refuses, unless forced. */
function patches(config: Kconfig, { kernelRelease }: VerdictFacts): Verdict[] {
  const found = patchesIn(config, kernelRelease)
  if (found === undefined || hasOwnSource(found)) return []
  const { option } = found
  return [{ code: 'patched-kernel', option, blocks: false, detail: patchedNote(found) }]
}

/** First line of the answer if the modern eBPF probe runs, so that no build is needed; `undefined`: it may not run. */
export function noProbeNeeded({ modernEbpf }: Summary): string | undefined {
  if (modernEbpf.answer !== 'yes') return undefined
  const caveats = modernEbpf.reasons
    .filter(({ code }) => code === 'lockdown')
    .map(({ detail }) => ` ${detail}`)
  return `No probe needed: the modern eBPF probe runs on this kernel. Set engine.kind=modern_ebpf (the default of Falco's chart and packages), and nothing has to be downloaded or built.${caveats.join('')}`
}

function verdictOf({ code, option, blocks, detail }: Reason, { headersOf }: VerdictFacts): Verdict {
  if (code === 'needs-symvers' && headersOf !== undefined) return headersHaveThem(headersOf)
  return { code, option, blocks, detail: named(option, detail) }
}

/** Adds the option, because a refusal shows only the detail. */
const named = (option: string, detail: string): string =>
  option.startsWith('CONFIG_') && !detail.includes(option) ? `${option}: ${detail}` : detail

const headersHaveThem = (target: string): Verdict => ({
  code: 'headers-have-symvers',
  option: 'CONFIG_MODVERSIONS',
  blocks: false,
  detail: `This kernel checks the versions of symbols. The headers of ${target} carry them: where the archive has this kernel's, there is nothing to send. Where it has them no more, send Module.symvers too: /lib/modules/$(uname -r)/build/Module.symvers or /boot/symvers-$(uname -r).gz.`,
})

const LOADING = {
  loads: 'By default this kernel loads it; each of what follows can forbid it on a host.',
  refused: 'By default this kernel refuses it; what follows says what opens it.',
  'loads-if-built-so': 'This kernel loads it only where it was built as follows.',
} as const

function loading(kind: Kind, { answer, byDefault }: EngineAnswer): Verdict {
  const option = kind === 'kmod' ? 'CONFIG_MODULES' : 'CONFIG_BPF_SYSCALL'
  if (answer === 'maybe') return { code: 'may-load', option, blocks: false, detail: LOADING[byDefault] }
  const detail =
    kind === 'kmod' ? 'This kernel loads unsigned modules.' : 'This kernel has all that the ebpf probe needs.'
  return { code: 'will-load', option, blocks: false, detail }
}

function blocking(code: VerdictCode, option: string, detail: string): Verdict {
  return { code, option, detail, blocks: true }
}

const fragment = (why: string): Verdict =>
  blocking(
    'not-a-whole-config',
    `CONFIG_${/CONFIG_(\w+)/.exec(why)?.[1] ?? 'INIT_ENV_ARG_LIMIT'}`,
    `This is a part of a config, such as buildroot merges into a default one: ${why}. Send what the running kernel was built with: /proc/config.gz (modprobe configs), /boot/config-$(uname -r) or /lib/modules/$(uname -r)/config.`,
  )

function otherArch(config: Kconfig, arch: Arch): Verdict[] {
  const [own, other] = arch === 'x86_64' ? ['X86_64', 'ARM64'] : ['ARM64', 'X86_64']
  // The rules report machines without a driver.
  if (isOn(config, own) || !isOn(config, other)) return []
  const detail = `This config is not of ${arch}, because CONFIG_${own} is not set. Send the config and the machine (uname -m) of one host.`
  return [blocking('arch-mismatch', `CONFIG_${own}`, detail)]
}

/** Debian and Ubuntu write 0 for the last number in a release, to keep the ABI's name: 6.1.0-56-amd64 is 6.1.192. */
function otherVersion({ headerVersion }: Kconfig, kernelRelease: string): Verdict[] {
  const header = numbers(headerVersion ?? kernelRelease)
  const release = numbers(kernelRelease)
  const fits =
    header[0] === release[0] && header[1] === release[1] && (header[2] === release[2] || release[2] === 0)
  if (fits) return []
  const detail = `This config is of ${headerVersion} and the host runs ${quote(kernelRelease)}. ${SEND_RUNNING}`
  return [blocking('release-mismatch', `# Linux ${headerVersion} Kernel Configuration`, detail)]
}

const SEND_RUNNING = 'Send the config of the running kernel (uname -r).'

const numbers = (version: string): readonly number[] =>
  (/^(\d+)\.(\d+)(?:\.(\d+))?/.exec(version) ?? []).slice(1).map((part) => Number(part ?? 0))

/** A release is the version, then CONFIG_LOCALVERSION, then additions of the build. So it always contains LOCALVERSION. */
function otherSuffix(config: Kconfig, kernelRelease: string): Verdict[] {
  const suffix = stringOf(config, 'LOCALVERSION') ?? ''
  if (kernelRelease.includes(suffix)) return []
  const detail = `This config makes releases that contain ${quote(suffix)}, and the host runs ${quote(kernelRelease)}. ${SEND_RUNNING}`
  return [blocking('release-mismatch', 'CONFIG_LOCALVERSION', detail)]
}
