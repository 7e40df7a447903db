// Defines the rules that decide if a kernel's config prevents Falco's drivers from running. The facts are from Linux's sources.

import {
  all,
  before,
  type Condition,
  exportsAll,
  exportsNot,
  inLsm,
  not,
  off,
  on,
  patchedBy,
  since,
  symversUnknown,
} from './conditions.ts'

/** Falco's engines: the kernel module, the legacy eBPF probe, and the modern eBPF probe, which is part of Falco itself. */
export const ENGINES = ['kmod', 'ebpf', 'modernEbpf'] as const
export type Engine = (typeof ENGINES)[number]

export type RuleCode =
  | 'unsupported-arch'
  | 'not-built-here'
  | 'kernel-too-old'
  | 'modules-disabled'
  | 'no-tracepoints'
  | 'unsigned-refused'
  | 'lockdown'
  | 'loadpin'
  | 'ima'
  | 'trimmed-symbols'
  | 'protected-symbols'
  | 'cfi'
  | 'ibt'
  | 'patched-kernel'
  | 'randomized-layout'
  | 'gcc-plugins'
  | 'unsupported-module'
  | 'needs-symvers'
  | 'ebpf-prerequisites'
  | 'backported-ebpf'
  | 'legacy-driver'

/**
 * `prevents`: the engine cannot run. `may-prevent`: the command line, Secure Boot or the way of building decides; `byDefault` is
 * the result without these. `note`: useful information, which changes no answer.
 */
export type Effect =
  | { readonly tag: 'prevents' }
  | { readonly tag: 'may-prevent'; readonly byDefault: 'loads' | 'refused' | 'loads-if-built-so' }
  | { readonly tag: 'note' }

export interface Rule {
  readonly code: RuleCode
  readonly engines: readonly Engine[]
  readonly when: Condition
  readonly effect: Effect
  /** human-readable: the consequence on such a kernel */
  readonly what: string
  /** human-readable: the remedy; absent: use another engine that runs there */
  readonly todo?: string
  /** a probe that is built only from the config would be wrong, even if a probe that is built in another way can run */
  readonly blocksConfigBuild?: true
  /** lib/model/support.ts refuses it by driver version, and names the versions that still work */
  readonly byDriverVersion?: true
  /** source of the fact: a file of Linux, or another source by name */
  readonly source: string
}

const EVERY: readonly Engine[] = ENGINES
const KMOD: readonly Engine[] = ['kmod']
const EBPF: readonly Engine[] = ['ebpf']
const MODERN: readonly Engine[] = ['modernEbpf']
const BOTH_EBPF: readonly Engine[] = ['ebpf', 'modernEbpf']
const BUILT: readonly Engine[] = ['kmod', 'ebpf']

const PREVENTS: Effect = { tag: 'prevents' }
const NOTE: Effect = { tag: 'note' }
const may = (byDefault: 'loads' | 'refused' | 'loads-if-built-so'): Effect => ({
  tag: 'may-prevent',
  byDefault,
})

/** Symbols that the driver's main.c calls, and that only some kernels export. */
const CALLED = ['tracepoint_probe_register', 'for_each_kernel_tracepoint'] as const

const SIGN = 'Sign the module with a key that this kernel trusts, or use another engine where one runs there'
const SHUFFLED = on(
  'RANDSTRUCT',
  'GCC_PLUGIN_RANDSTRUCT',
  'RANDSTRUCT_FULL',
  'RANDSTRUCT_PERFORMANCE',
  'GRKERNSEC_RANDSTRUCT',
)
const FROM_ITS_HEADERS =
  'Build from the headers of that build (include/generated/randstruct_hash.h), with the same compiler'
const BTF_BACKPORT = all(on('DEBUG_INFO_BTF'), before(5, 2))

export const RULES: readonly Rule[] = [
  // The machine.
  {
    code: 'unsupported-arch',
    engines: EVERY,
    when: all(
      ...(['X86_64', 'ARM64', 'S390', 'PPC64', 'LOONGARCH'].map(off) as [Condition, ...Condition[]]),
      not(all(on('RISCV'), on('64BIT'))),
    ),
    effect: PREVENTS,
    what: 'Falco has no driver for this machine: it runs on x86_64, aarch64, s390x, ppc64le, riscv64 and loongarch64 only.',
    todo: 'Boot a 64-bit kernel, where the machine has one',
    source: 'falcosecurity/libs: driver/syscall_compat_*.h',
  },
  {
    code: 'not-built-here',
    engines: BUILT,
    when: on('S390', 'PPC64', 'RISCV', 'LOONGARCH'),
    effect: NOTE,
    what: 'This registry builds for x86_64 and aarch64 only.',
    todo: "Build the driver on the host, by Falco's own recipe",
    source: 'lib/model/probe.ts: ARCHES',
  },
  // The version.
  {
    code: 'kernel-too-old',
    engines: KMOD,
    when: all(before(3, 10), on('X86_64')),
    effect: PREVENTS,
    what: 'It is older than 3.10, the oldest that drivers from 9.1.0 on build for.',
    todo: 'Drivers from 2.0.0+driver to 9.0.0+driver were written for it: name one (driver-version=9.0.0+driver)',
    byDriverVersion: true,
    source: 'falcosecurity/libs: README.md of each tag',
  },
  {
    code: 'kernel-too-old',
    engines: KMOD,
    when: all(before(3, 16), on('ARM64')),
    effect: PREVENTS,
    what: 'It is older than 3.16, the oldest that the driver builds for on aarch64.',
    todo: 'Upgrade the kernel',
    byDriverVersion: true,
    source: 'falcosecurity/libs: README.md of each tag',
  },
  {
    code: 'kernel-too-old',
    engines: EBPF,
    when: all(before(4, 14), not(on('ARM64'))),
    effect: PREVENTS,
    what: 'It is older than 4.14, the oldest that the legacy eBPF probe compiles for.',
    byDriverVersion: true,
    source: 'falcosecurity/libs: driver/bpf/quirks.h',
  },
  {
    code: 'kernel-too-old',
    engines: EBPF,
    when: all(before(4, 17), on('ARM64')),
    effect: PREVENTS,
    what: 'It is older than 4.17, the oldest that the legacy eBPF probe compiles for on aarch64.',
    byDriverVersion: true,
    source: 'falcosecurity/libs: driver/bpf/quirks.h',
  },
  {
    code: 'kernel-too-old',
    engines: MODERN,
    when: all(before(5, 8), not(BTF_BACKPORT)),
    effect: PREVENTS,
    what: 'It has no ring buffer for eBPF programs (BPF_MAP_TYPE_RINGBUF, since 5.8).',
    source: 'include/uapi/linux/bpf.h of 5.8; falcosecurity/libs: userspace/libpman, pman_check_support()',
  },
  {
    code: 'backported-ebpf',
    engines: MODERN,
    when: BTF_BACKPORT,
    effect: may('loads'),
    what: 'Its distribution brought newer eBPF to this kernel: only a try shows whether ring buffers are among it (in late 4.18.0 kernels of EL 8 they are).',
    todo: 'Try engine.kind=modern_ebpf; Falco says at its start whether it runs',
    source:
      'DEBUG_INFO_BTF is in Linux since 5.2; falcosecurity/libs: userspace/libpman, pman_check_support()',
  },
  // Tracepoints, which all engines need.
  {
    code: 'no-tracepoints',
    engines: EVERY,
    when: off('TRACEPOINTS'),
    effect: PREVENTS,
    what: 'This kernel has no tracepoints, and every driver of Falco hooks into them.',
    todo: 'Boot a kernel that was built with CONFIG_TRACEPOINTS (CONFIG_FTRACE or CONFIG_PERF_EVENTS brings it)',
    source: 'kernel/Makefile: tracepoint.o; falcosecurity/libs: driver/main.c',
  },
  {
    code: 'no-tracepoints',
    engines: EVERY,
    when: off('HAVE_SYSCALL_TRACEPOINTS'),
    effect: PREVENTS,
    what: 'This kernel has no tracepoints for system calls, which every driver of Falco hooks into.',
    todo: 'Boot a kernel that was built with CONFIG_HAVE_SYSCALL_TRACEPOINTS',
    source: 'arch/Kconfig; falcosecurity/libs: driver/main.c, #error',
  },
  // Does the kernel load modules?
  {
    code: 'modules-disabled',
    engines: KMOD,
    when: off('MODULES'),
    effect: PREVENTS,
    what: 'This kernel loads no modules.',
    source: 'kernel/module/Kconfig: init_module() is not there',
  },
  {
    code: 'unsigned-refused',
    engines: KMOD,
    when: on('MODULE_SIG_FORCE'),
    effect: PREVENTS,
    what: 'This kernel refuses modules that none of its own keys signed.',
    todo: SIGN,
    source: 'kernel/module/signing.c: module_sig_check()',
  },
  {
    code: 'lockdown',
    engines: KMOD,
    when: on('LOCK_DOWN_KERNEL_FORCE_INTEGRITY', 'LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY'),
    effect: PREVENTS,
    what: 'This kernel is locked down from its start, and refuses modules that no key of its own signed.',
    todo: SIGN,
    source: 'security/lockdown/Kconfig; kernel/module/signing.c: LOCKDOWN_MODULE_SIGNATURE',
  },
  {
    code: 'unsigned-refused',
    engines: KMOD,
    when: on('MODULE_SIG'),
    effect: may('loads'),
    what: 'This kernel loads unsigned modules unless its command line (/proc/cmdline) has module.sig_enforce=1.',
    todo: `Where it does: ${lower(SIGN)}`,
    source: 'kernel/module/signing.c: module_sig_check()',
  },
  {
    code: 'lockdown',
    engines: KMOD,
    when: on('SECURITY_LOCKDOWN_LSM'),
    effect: may('loads'),
    what: 'This kernel loads unsigned modules unless it is locked down: lockdown= on its command line, or /sys/kernel/security/lockdown.',
    todo: `Where it is: ${lower(SIGN)}`,
    source: 'security/lockdown/lockdown.c; kernel/module/signing.c: LOCKDOWN_MODULE_SIGNATURE',
  },
  {
    code: 'lockdown',
    engines: KMOD,
    when: on('LOCK_DOWN_KERNEL'),
    effect: may('loads'),
    what: 'This kernel loads unsigned modules unless it is locked down (a patch of distributions).',
    todo: `Where it is (lockdown on its command line, or Secure Boot): ${lower(SIGN)}`,
    source: "distributions' patches before Linux 5.4: security/Kconfig",
  },
  {
    code: 'unsigned-refused',
    engines: KMOD,
    when: on(
      'LOCK_DOWN_IN_EFI_SECURE_BOOT',
      'LOCK_DOWN_IN_SECURE_BOOT',
      'LOCK_DOWN_KERNEL_SECUREBOOT_FORCE_INTEGRITY',
      'EFI_SECURE_BOOT_LOCK_DOWN',
      'EFI_SECURE_BOOT_SECURELEVEL',
    ),
    effect: may('loads'),
    what: 'Where Secure Boot is on, this kernel refuses unsigned modules.',
    todo: 'Where it is on (mokutil --sb-state): sign the module with an enrolled key (mokutil --import), or use another engine where one runs there',
    source: "distributions' patches since 2012, under five names",
  },
  {
    code: 'ima',
    engines: KMOD,
    when: on('IMA_ARCH_POLICY'),
    effect: may('loads'),
    what: 'Where Secure Boot is on, the policy of IMA has this kernel refuse unsigned modules.',
    todo: `Where it is on: ${lower(SIGN)}`,
    source: 'security/integrity/ima/ima_efi.c: arch_get_ima_policy()',
  },
  {
    code: 'ima',
    engines: KMOD,
    when: on('IMA_APPRAISE_REQUIRE_MODULE_SIGS'),
    effect: may('refused'),
    what: 'IMA refuses modules without a signature that it knows, from the start.',
    todo: 'Sign the module by evmctl with a key of the .ima keyring; ima_appraise=off on the command line lifts it where CONFIG_IMA_APPRAISE_BOOTPARAM is on',
    source: 'security/integrity/ima/ima_policy.c: build_appraise_rules',
  },
  {
    code: 'ima',
    engines: KMOD,
    when: all(on('IMA_APPRAISE'), not(on('IMA_APPRAISE_REQUIRE_MODULE_SIGS'))),
    effect: NOTE,
    what: 'A policy of IMA that root loads, or ima_policy=secure_boot on the command line, may have it refuse unsigned modules; without one it does not.',
    source: 'security/integrity/ima/ima_policy.c: secure_boot_rules; ima_main.c: ima_load_data()',
  },
  {
    code: 'loadpin',
    engines: KMOD,
    when: all(on('SECURITY_LOADPIN_ENFORCE', 'SECURITY_LOADPIN_ENABLED'), inLsm('loadpin')),
    effect: may('refused'),
    what: 'LoadPin is on: this kernel takes modules from its root file system alone, and none from memory.',
    todo: 'loadpin.exclude=kernel-module or loadpin.enforce=0 on its command line opens it',
    source: 'security/loadpin/loadpin.c',
  },
  {
    code: 'loadpin',
    engines: KMOD,
    when: all(
      on('SECURITY_LOADPIN'),
      not(all(on('SECURITY_LOADPIN_ENFORCE', 'SECURITY_LOADPIN_ENABLED'), inLsm('loadpin'))),
    ),
    effect: may('loads'),
    what: 'LoadPin is in this kernel and off: loadpin.enforce=1 or lsm= on its command line turns it on, and then it takes modules from its root file system alone.',
    source: 'security/loadpin/loadpin.c',
  },
  {
    code: 'unsupported-module',
    engines: KMOD,
    when: on('SUSE_KERNEL_SUPPORTED'),
    effect: may('loads'),
    what: "SUSE's modprobe refuses modules that SUSE does not support where allow_unsupported_modules is 0 (/etc/modprobe.d); insmod takes them, and marks the kernel as tainted.",
    todo: 'Where modprobe refuses it: set allow_unsupported_modules 1, or load it by insmod',
    source: "SUSE's patch: Documentation/admin-guide/kernel-parameters.txt, unsupported",
  },
  // Does the built module fit the kernel?
  {
    code: 'trimmed-symbols',
    engines: KMOD,
    when: all(on('TRIM_UNUSED_KSYMS'), symversUnknown),
    effect: may('refused'),
    what: 'This kernel exports only the symbols that its own modules use, or a list names: the module likely finds some missing ("Unknown symbol").',
    todo: 'Send its Module.symvers, which shows them',
    source: 'kernel/module/Kconfig: TRIM_UNUSED_KSYMS',
  },
  {
    code: 'trimmed-symbols',
    engines: KMOD,
    when: all(on('TRIM_UNUSED_KSYMS'), exportsNot(CALLED)),
    effect: PREVENTS,
    what: `This kernel does not export ${CALLED.join(' and ')}, which the module calls.`,
    source: 'kernel/module/Kconfig: TRIM_UNUSED_KSYMS; falcosecurity/libs: driver/main.c',
  },
  {
    code: 'trimmed-symbols',
    engines: KMOD,
    when: all(on('TRIM_UNUSED_KSYMS'), exportsAll(CALLED)),
    effect: NOTE,
    what: 'This kernel exports few symbols; its Module.symvers has those that the module hooks in by.',
    source: 'kernel/module/Kconfig: TRIM_UNUSED_KSYMS',
  },
  {
    code: 'protected-symbols',
    engines: KMOD,
    when: on('MODULE_SIG_PROTECT'),
    effect: may('refused'),
    what: 'An unsigned module may use no symbol that this kernel of Android protects.',
    todo: 'Sign it with a key of the kernel, or use another engine where one runs there',
    source: "Android's patch: kernel/module/Kconfig, MODULE_SIG_PROTECT",
  },
  {
    code: 'cfi',
    engines: KMOD,
    when: all(on('CFI_CLANG', 'CFI'), not(on('CFI_PERMISSIVE'))),
    effect: may('loads-if-built-so'),
    what: 'This kernel checks every indirect call: a module that its own clang did not build with CFI makes it panic.',
    todo: 'The registry builds it by clang of that version with CFI; do not load one that gcc built',
    source: 'arch/Kconfig: CFI_CLANG; CFI from 6.18 on',
  },
  {
    code: 'cfi',
    engines: KMOD,
    when: all(on('CFI_CLANG', 'CFI'), on('CFI_PERMISSIVE')),
    effect: NOTE,
    what: 'This kernel checks every indirect call, and only warns of one that does not fit.',
    source: 'arch/Kconfig: CFI_PERMISSIVE',
  },
  {
    code: 'cfi',
    engines: KMOD,
    when: on('PAX_RAP'),
    effect: may('loads-if-built-so'),
    what: 'This kernel has the patches of PaX: only its own tree builds a module for it.',
    todo: 'Build the module where the kernel was built',
    blocksConfigBuild: true,
    source: 'grsecurity: security/Kconfig',
  },
  {
    code: 'patched-kernel',
    engines: BUILT,
    when: patchedBy(
      ...(['redhat', 'suse', 'oracle', 'android', 'openvz', 'grsecurity', 'realtime', 'synology'] as const),
    ),
    effect: may('loads'),
    what: "The structures of this kernel are not those of kernel.org's source: its patches change them.",
    todo: 'The registry builds the probe from its own headers, or from a source of its own; where it has neither, send them (kheaders, kernelurls)',
    source: 'lib/kconfig/patched.ts: options that kernel.org has in no version',
  },
  {
    code: 'ibt',
    engines: KMOD,
    when: on('X86_KERNEL_IBT'),
    effect: NOTE,
    what: 'This kernel checks where an indirect call lands: the module must be compiled with -fcf-protection=branch, as its config has the registry do.',
    source: 'arch/x86/Kconfig: X86_KERNEL_IBT; arch/x86/Makefile',
  },
  {
    code: 'randomized-layout',
    engines: KMOD,
    when: SHUFFLED,
    effect: may('loads-if-built-so'),
    what: 'This kernel shuffles its structures by a seed that only its own build has, and no config contains it.',
    todo: FROM_ITS_HEADERS,
    blocksConfigBuild: true,
    source: 'security/Kconfig.hardening; include/linux/vermagic.h',
  },
  {
    code: 'randomized-layout',
    engines: EBPF,
    when: SHUFFLED,
    effect: may('loads'),
    what: 'This kernel shuffles its structures by a seed that only its own build has: a probe built from other headers loads, and reads wrong fields.',
    todo: FROM_ITS_HEADERS,
    blocksConfigBuild: true,
    source: 'security/Kconfig.hardening',
  },
  {
    code: 'randomized-layout',
    engines: MODERN,
    when: on('GCC_PLUGIN_RANDSTRUCT'),
    effect: PREVENTS,
    what: 'A kernel whose structures gcc shuffles cannot describe them (CONFIG_DEBUG_INFO_BTF).',
    source: 'lib/Kconfig.debug: DEBUG_INFO_BTF',
  },
  {
    code: 'gcc-plugins',
    engines: KMOD,
    when: on(
      'GCC_PLUGIN_STACKLEAK',
      'GCC_PLUGIN_LATENT_ENTROPY',
      'GCC_PLUGIN_STRUCTLEAK',
      'GCC_PLUGIN_CYC_COMPLEXITY',
    ),
    effect: NOTE,
    what: "This kernel was compiled with plugins of its compiler: the module needs the same gcc, with its plugins' headers.",
    source: 'scripts/gcc-plugins/Kconfig; security/Kconfig.hardening',
  },
  {
    code: 'needs-symvers',
    engines: KMOD,
    when: all(on('MODVERSIONS'), symversUnknown, not(on('GENDWARFKSYMS'))),
    effect: NOTE,
    what: 'This kernel checks the versions of symbols: a module that was built without its Module.symvers loads by force alone (insmod -f), where CONFIG_MODULE_FORCE_LOAD is on.',
    todo: 'Send it too: /lib/modules/$(uname -r)/build/Module.symvers or /boot/symvers-$(uname -r).gz',
    source: 'kernel/module/version.c: check_version()',
  },
  {
    code: 'needs-symvers',
    engines: KMOD,
    when: all(on('MODVERSIONS'), symversUnknown, on('GENDWARFKSYMS')),
    effect: NOTE,
    what: 'This kernel checks the versions of symbols, which gendwarfksyms makes of debug information: nothing but its own Module.symvers has them.',
    todo: 'Send it too: /lib/modules/$(uname -r)/build/Module.symvers or /boot/symvers-$(uname -r).gz',
    source: 'kernel/module/Kconfig: GENDWARFKSYMS, since 6.14',
  },
  // Requirements of eBPF.
  ...(['BPF', 'BPF_SYSCALL', 'PERF_EVENTS', 'BPF_EVENTS'] as const).map(
    (option): Rule => ({
      code: 'ebpf-prerequisites',
      engines: BOTH_EBPF,
      when: off(option),
      effect: PREVENTS,
      what: `This kernel was built without CONFIG_${option}, which every eBPF program of Falco needs.`,
      source:
        option === 'BPF_EVENTS'
          ? 'kernel/trace/Kconfig: (KPROBE_EVENTS or UPROBE_EVENTS) and PERF_EVENTS'
          : 'kernel/bpf/Kconfig, init/Kconfig',
    }),
  ),
  {
    code: 'ebpf-prerequisites',
    engines: MODERN,
    when: off('DEBUG_INFO_BTF'),
    effect: PREVENTS,
    what: 'This kernel does not describe its structures (CONFIG_DEBUG_INFO_BTF is off), which the modern eBPF probe needs.',
    source: 'lib/Kconfig.debug: DEBUG_INFO_BTF',
  },
  {
    code: 'lockdown',
    engines: BOTH_EBPF,
    when: on('LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY'),
    effect: PREVENTS,
    what: 'This kernel is locked down from its start, and lets no eBPF program read its memory.',
    source: 'kernel/trace/bpf_trace.c: LOCKDOWN_BPF_READ_KERNEL',
  },
  {
    code: 'lockdown',
    engines: EBPF,
    when: on('SECURITY_LOCKDOWN_LSM'),
    effect: may('loads'),
    what: 'With lockdown=confidentiality on its command line this kernel lets no eBPF program read its memory.',
    todo: 'Where that is set, no driver of Falco runs unless the module is signed with a key that the kernel trusts',
    source: 'kernel/trace/bpf_trace.c: LOCKDOWN_BPF_READ_KERNEL',
  },
  {
    code: 'lockdown',
    engines: EBPF,
    when: on('LOCK_DOWN_KERNEL'),
    effect: may('loads'),
    what: 'Locked down, as Secure Boot makes it, this kernel lets no eBPF program read its memory.',
    todo: 'Where Secure Boot is on: sign the kernel module with an enrolled key (mokutil --import)',
    source: "distributions' patches before Linux 5.4: kernel/trace/bpf_trace.c",
  },
  {
    code: 'lockdown',
    engines: MODERN,
    when: on('SECURITY_LOCKDOWN_LSM', 'LOCK_DOWN_KERNEL'),
    effect: NOTE,
    what: 'With lockdown=confidentiality on its command line this kernel lets no eBPF program read its memory.',
    source: 'kernel/trace/bpf_trace.c: LOCKDOWN_BPF_READ_KERNEL',
  },
  {
    code: 'legacy-driver',
    engines: EBPF,
    when: since(4, 14),
    effect: NOTE,
    what: 'Falco has no legacy eBPF probe since 0.44: the last driver version that builds it is 9.1.0+driver.',
    source: 'falcosecurity/libs: commit ce55a82cf',
  },
]

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
