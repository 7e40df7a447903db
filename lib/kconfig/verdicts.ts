// What a config says about a probe before anything is built: whether it can load there, and what to do.

import type { Arch, Kind } from '../model/probe.ts'
import { quote } from '../model/text.ts'
import { isOn, type Kconfig, stringOf } from './kconfig.ts'

export type VerdictCode =
  | 'will-load'
  | 'needs-symvers'
  | 'unsigned-refused'
  | 'modules-disabled'
  | 'randomized-layout'
  | 'not-a-whole-config'
  | 'release-mismatch'
  | 'arch-mismatch'
  | 'ebpf-prerequisites'

export interface Verdict {
  readonly code: VerdictCode
  /** what decides it: an option, or the config's first comment */
  readonly option: string
  /** the probe can never load, or could not be the right one: not built unless forced */
  readonly blocks: boolean
  /** for a person: why, and what to do */
  readonly detail: string
}

export interface VerdictFacts {
  /** `uname -r` */
  readonly kernelRelease: string
  readonly arch: Arch
  readonly kind: Kind
  /** whether the host's Module.symvers was sent too */
  readonly hasSymvers: boolean
}

/**
 * Never empty: `will-load` stands first when nothing keeps the probe from loading as it is built. A fragment of a config
 * is judged no further.
 */
export function verdicts(config: Kconfig, facts: VerdictFacts): Verdict[] {
  const partial = notWhole(config)
  if (partial !== undefined) return [partial]
  const found = [
    ...mismatches(config, facts),
    ...(facts.kind === 'kmod' ? ofModule(config, facts) : ofEbpf(config)),
  ]
  const doubtful = found.some(({ blocks, code }) => blocks || code === 'needs-symvers')
  return doubtful ? found : [willLoad(facts.kind), ...found]
}

const blocking = (code: VerdictCode, option: string, detail: string): Verdict => ({
  code,
  option,
  blocks: true,
  detail,
})

const willLoad = (kind: Kind): Verdict => ({
  code: 'will-load',
  option: kind === 'kmod' ? 'CONFIG_MODULES' : 'CONFIG_BPF_SYSCALL',
  blocks: false,
  detail:
    kind === 'kmod' ? 'this kernel loads unsigned modules' : 'this kernel has what the ebpf probe needs',
})

/** A tenth of what the smallest kernels for virtual machines have, unset ones counted. */
const MIN_OPTIONS = 300
/** Without a prompt and in every kernel since 2.6: in what Kconfig wrote, never in what a person did. */
const HIDDEN = ['INIT_ENV_ARG_LIMIT', 'MMU']

function notWhole({ options }: Kconfig): Verdict | undefined {
  const missing = HIDDEN.find((name) => !options.has(name))
  if (missing === undefined && options.size >= MIN_OPTIONS) return undefined
  const why = missing === undefined ? `it has ${options.size} options` : `it has no CONFIG_${missing}`
  return blocking(
    'not-a-whole-config',
    `CONFIG_${missing ?? HIDDEN[0]}`,
    `this is a part of a config, such as buildroot merges into a default one: ${why}. Send what the running kernel was built with: /proc/config.gz (modprobe configs), /boot/config-$(uname -r) or /lib/modules/$(uname -r)/config`,
  )
}

function mismatches(config: Kconfig, { kernelRelease, arch }: VerdictFacts): Verdict[] {
  const own = arch === 'x86_64' ? 'X86_64' : 'ARM64'
  const wrongArch = isOn(config, own)
    ? []
    : [
        blocking(
          'arch-mismatch',
          `CONFIG_${own}`,
          `this config is not of ${arch}, because CONFIG_${own} is not set. Send the config and the machine (uname -m) of one host`,
        ),
      ]
  return [...wrongArch, ...otherVersion(config, kernelRelease), ...otherSuffix(config, kernelRelease)]
}

/** Distributions that keep their ABI's name write 0 for the last number: 6.1.0-56-amd64 is 6.1.192 (Debian, Ubuntu). */
function otherVersion({ headerVersion }: Kconfig, kernelRelease: string): Verdict[] {
  const header = numbers(headerVersion ?? kernelRelease)
  const release = numbers(kernelRelease)
  const fits =
    header[0] === release[0] && header[1] === release[1] && (header[2] === release[2] || release[2] === 0)
  if (fits) return []
  return [
    blocking(
      'release-mismatch',
      `# Linux ${headerVersion} Kernel Configuration`,
      `this config is of ${headerVersion} and the host runs ${quote(kernelRelease)}. Send the config of the running kernel (uname -r)`,
    ),
  ]
}

const numbers = (version: string): readonly number[] =>
  (/^(\d+)\.(\d+)(?:\.(\d+))?/.exec(version) ?? []).slice(1).map((part) => Number(part ?? 0))

/** A release is the version, CONFIG_LOCALVERSION and what the build adds; LOCALVERSION is never taken out of it. */
function otherSuffix(config: Kconfig, kernelRelease: string): Verdict[] {
  const suffix = stringOf(config, 'LOCALVERSION') ?? ''
  if (kernelRelease.includes(suffix)) return []
  return [
    blocking(
      'release-mismatch',
      'CONFIG_LOCALVERSION',
      `this config makes releases that contain ${quote(suffix)}, and the host runs ${quote(kernelRelease)}. Send the config of the running kernel (uname -r)`,
    ),
  ]
}

function ofModule(config: Kconfig, { hasSymvers }: VerdictFacts): Verdict[] {
  if (!isOn(config, 'MODULES')) {
    const detail = 'this kernel loads no modules at all; use the modern_bpf engine, which needs none'
    return [blocking('modules-disabled', 'CONFIG_MODULES', detail)]
  }
  return [...signatures(config), ...randomized(config), ...(hasSymvers ? [] : symvers(config))]
}

/** Each of these makes the kernel refuse what is not signed by one of its own keys. */
const REFUSING = [
  'MODULE_SIG_FORCE',
  'LOCK_DOWN_KERNEL_FORCE_INTEGRITY',
  'LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY',
]
/** A patch of Debian, Fedora and others: lockdown begins by itself where Secure Boot is on. */
const UNDER_SECURE_BOOT = ['LOCK_DOWN_IN_EFI_SECURE_BOOT', 'LOCK_DOWN_IN_SECURE_BOOT']

function signatures(config: Kconfig): Verdict[] {
  const refusing = REFUSING.find((name) => isOn(config, name))
  if (refusing !== undefined) {
    const detail = `this kernel loads only modules signed with its own keys, by CONFIG_${refusing}; use the modern_bpf engine, which needs no module`
    return [blocking('unsigned-refused', `CONFIG_${refusing}`, detail)]
  }
  const secureBoot = UNDER_SECURE_BOOT.find((name) => isOn(config, name))
  if (secureBoot === undefined) return []
  const detail =
    'where Secure Boot is on, this kernel loads only signed modules: sign this one with an enrolled key (mokutil), or use the modern_bpf engine'
  return [{ code: 'unsigned-refused', option: `CONFIG_${secureBoot}`, blocks: false, detail }]
}

/** The seed is part of the vermagic and of every structure, and no config has it. RANDSTRUCT is its name from 5.19 on. */
function randomized(config: Kconfig): Verdict[] {
  const option = ['RANDSTRUCT', 'GCC_PLUGIN_RANDSTRUCT'].find((name) => isOn(config, name))
  if (option === undefined) return []
  const detail =
    'this kernel shuffles its structures by a seed that only its own build knows; use the modern_bpf engine, or build where the kernel was built'
  return [blocking('randomized-layout', `CONFIG_${option}`, detail)]
}

/** Not for ever: what is built without them still loads by force (insmod -f), where the kernel allows that. */
function symvers(config: Kconfig): Verdict[] {
  if (!isOn(config, 'MODVERSIONS')) return []
  const detail = `this kernel checks the versions of symbols, and refuses a module without them${
    isOn(config, 'MODULE_FORCE_LOAD') ? ' unless it is forced (insmod -f)' : ''
  }. Send its Module.symvers too: /lib/modules/$(uname -r)/build/Module.symvers or /boot/symvers-$(uname -r).gz`
  return [{ code: 'needs-symvers', option: 'CONFIG_MODVERSIONS', blocks: false, detail }]
}

/** What the probe's programs attach to and call (kernel/trace/Kconfig, arch/*\/Kconfig). */
const EBPF_NEEDS = [
  'BPF',
  'BPF_SYSCALL',
  'PERF_EVENTS',
  'BPF_EVENTS',
  'TRACEPOINTS',
  'HAVE_SYSCALL_TRACEPOINTS',
]
/** Takes bpf_probe_read from every program (`bpf_tracing_func_proto` in kernel/trace/bpf_trace.c). */
const EBPF_FORBIDDEN = 'LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY'

function ofEbpf(config: Kconfig): Verdict[] {
  const missing = EBPF_NEEDS.filter((name) => !isOn(config, name)).map((name) =>
    blocking(
      'ebpf-prerequisites',
      `CONFIG_${name}`,
      `this kernel was built without CONFIG_${name}, which the ebpf probe needs; use the kernel module`,
    ),
  )
  if (!isOn(config, EBPF_FORBIDDEN)) return missing
  const detail = 'this kernel is locked down from its start, and lets no ebpf program read its memory'
  return [...missing, blocking('ebpf-prerequisites', `CONFIG_${EBPF_FORBIDDEN}`, detail)]
}
