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
  | { readonly tag: 'may-prevent'; readonly byDefault: ByDefault }
  | { readonly tag: 'note' }

/** `loads-if-built-so`: it loads if it was built as the reasons require. */
export type ByDefault = 'loads' | 'refused' | 'loads-if-built-so'

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

const KMOD: readonly Engine[] = ['kmod']
const EBPF: readonly Engine[] = ['ebpf']
const MODERN: readonly Engine[] = ['modernEbpf']
const BOTH_EBPF: readonly Engine[] = ['ebpf', 'modernEbpf']
const BUILT: readonly Engine[] = ['kmod', 'ebpf']

const PREVENTS: Effect = { tag: 'prevents' }
const NOTE: Effect = { tag: 'note' }
const may = (byDefault: ByDefault): Effect => ({ tag: 'may-prevent', byDefault })

/** Symbols that the driver's main.c calls, and that only some kernels export. */
const CALLED = ['tracepoint_probe_register', 'for_each_kernel_tracepoint'] as const

const THE_MODULE = 'the module with a key that this kernel trusts, or use another engine where one runs there'
const SHUFFLED = on(
  'RANDSTRUCT',
  'GCC_PLUGIN_RANDSTRUCT',
  'RANDSTRUCT_FULL',
  'RANDSTRUCT_PERFORMANCE',
  'GRKERNSEC_RANDSTRUCT',
)
const FROM_ITS_HEADERS =
  'Build from the headers of that build (include/generated/randstruct_hash.h), with the same compiler'
const LOADPIN = all(on('SECURITY_LOADPIN_ENFORCE', 'SECURITY_LOADPIN_ENABLED'), inLsm('loadpin'))
const BTF_BACKPORT = all(on('DEBUG_INFO_BTF'), before(5, 2))

const rule = (
  code: RuleCode,
  engines: readonly Engine[],
  effect: Effect,
  rest: Omit<Rule, 'code' | 'engines' | 'effect'>,
): Rule => ({ code, engines, effect, ...rest })

export const RULES: readonly Rule[] = [
  // The machine.
  rule('unsupported-arch', ENGINES, PREVENTS, {
    when: all(
      ...['X86_64', 'ARM64', 'S390', 'PPC64', 'LOONGARCH'].map(off),
      not(all(on('RISCV'), on('64BIT'))),
    ),
    what: 'Falco has no driver for this machine: it runs on x86_64, aarch64, s390x, ppc64le, riscv64 and loongarch64 only.',
    todo: 'Boot a 64-bit kernel, where the machine has one',
    source: 'falcosecurity/libs: driver/syscall_compat_*.h',
  }),
  rule('not-built-here', BUILT, NOTE, {
    when: on('S390', 'PPC64', 'RISCV', 'LOONGARCH'),
    what: 'This registry builds for x86_64 and aarch64 only.',
    todo: "Build the driver on the host, by Falco's own recipe",
    source: 'lib/model/probe.ts: ARCHES',
  }),
  // The version.
  rule('kernel-too-old', KMOD, PREVENTS, {
    when: all(before(3, 10), on('X86_64')),
    what: 'It is older than 3.10, the oldest that drivers from 9.1.0 on build for.',
    todo: 'Drivers from 2.0.0+driver to 9.0.0+driver were written for it: name one (driver-version=9.0.0+driver)',
    byDriverVersion: true,
    source: 'falcosecurity/libs: README.md of each tag',
  }),
  rule('kernel-too-old', KMOD, PREVENTS, {
    when: all(before(3, 16), on('ARM64')),
    what: 'It is older than 3.16, the oldest that the driver builds for on aarch64.',
    todo: 'Upgrade the kernel',
    byDriverVersion: true,
    source: 'falcosecurity/libs: README.md of each tag',
  }),
  rule('kernel-too-old', EBPF, PREVENTS, {
    when: all(before(4, 14), not(on('ARM64'))),
    what: 'It is older than 4.14, the oldest that the legacy eBPF probe compiles for.',
    byDriverVersion: true,
    source: 'falcosecurity/libs: driver/bpf/quirks.h',
  }),
  rule('kernel-too-old', EBPF, PREVENTS, {
    when: all(before(4, 17), on('ARM64')),
    what: 'It is older than 4.17, the oldest that the legacy eBPF probe compiles for on aarch64.',
    byDriverVersion: true,
    source: 'falcosecurity/libs: driver/bpf/quirks.h',
  }),
  rule('kernel-too-old', MODERN, PREVENTS, {
    when: all(before(5, 8), not(BTF_BACKPORT)),
    what: 'It has no ring buffer for eBPF programs (BPF_MAP_TYPE_RINGBUF, since 5.8).',
    source: 'include/uapi/linux/bpf.h of 5.8; falcosecurity/libs: userspace/libpman, pman_check_support()',
  }),
  rule('backported-ebpf', MODERN, may('loads'), {
    when: BTF_BACKPORT,
    what: 'Its distribution brought newer eBPF to this kernel: only a try shows whether ring buffers are among it (in late 4.18.0 kernels of EL 8 they are).',
    todo: 'Try engine.kind=modern_ebpf; Falco says at its start whether it runs',
    source:
      'DEBUG_INFO_BTF is in Linux since 5.2; falcosecurity/libs: userspace/libpman, pman_check_support()',
  }),
  // Tracepoints, which all engines need.
  rule('no-tracepoints', ENGINES, PREVENTS, {
    when: off('TRACEPOINTS'),
    what: 'This kernel has no tracepoints, and every driver of Falco hooks into them.',
    todo: 'Boot a kernel that was built with CONFIG_TRACEPOINTS (CONFIG_FTRACE or CONFIG_PERF_EVENTS brings it)',
    source: 'kernel/Makefile: tracepoint.o; falcosecurity/libs: driver/main.c',
  }),
  rule('no-tracepoints', ENGINES, PREVENTS, {
    when: off('HAVE_SYSCALL_TRACEPOINTS'),
    what: 'This kernel has no tracepoints for system calls, which every driver of Falco hooks into.',
    todo: 'Boot a kernel that was built with CONFIG_HAVE_SYSCALL_TRACEPOINTS',
    source: 'arch/Kconfig; falcosecurity/libs: driver/main.c, #error',
  }),
  // Does the kernel load modules?
  rule('modules-disabled', KMOD, PREVENTS, {
    when: off('MODULES'),
    what: 'This kernel loads no modules.',
    source: 'kernel/module/Kconfig: init_module() is not there',
  }),
  rule('unsigned-refused', KMOD, PREVENTS, {
    when: on('MODULE_SIG_FORCE'),
    what: 'This kernel refuses modules that none of its own keys signed.',
    todo: `Sign ${THE_MODULE}`,
    source: 'kernel/module/signing.c: module_sig_check()',
  }),
  rule('lockdown', KMOD, PREVENTS, {
    when: on('LOCK_DOWN_KERNEL_FORCE_INTEGRITY', 'LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY'),
    what: 'This kernel is locked down from its start, and refuses modules that no key of its own signed.',
    todo: `Sign ${THE_MODULE}`,
    source: 'security/lockdown/Kconfig; kernel/module/signing.c: LOCKDOWN_MODULE_SIGNATURE',
  }),
  rule('unsigned-refused', KMOD, may('loads'), {
    when: on('MODULE_SIG'),
    what: 'This kernel loads unsigned modules unless its command line (/proc/cmdline) has module.sig_enforce=1.',
    todo: `Where it does: sign ${THE_MODULE}`,
    source: 'kernel/module/signing.c: module_sig_check()',
  }),
  rule('lockdown', KMOD, may('loads'), {
    when: on('SECURITY_LOCKDOWN_LSM'),
    what: 'This kernel loads unsigned modules unless it is locked down: lockdown= on its command line, or /sys/kernel/security/lockdown.',
    todo: `Where it is: sign ${THE_MODULE}`,
    source: 'security/lockdown/lockdown.c; kernel/module/signing.c: LOCKDOWN_MODULE_SIGNATURE',
  }),
  rule('lockdown', KMOD, may('loads'), {
    when: on('LOCK_DOWN_KERNEL'),
    what: 'This kernel loads unsigned modules unless it is locked down (a patch of distributions).',
    todo: `Where it is (lockdown on its command line, or Secure Boot): sign ${THE_MODULE}`,
    source: "distributions' patches before Linux 5.4: security/Kconfig",
  }),
  rule('unsigned-refused', KMOD, may('loads'), {
    when: on(
      'LOCK_DOWN_IN_EFI_SECURE_BOOT',
      'LOCK_DOWN_IN_SECURE_BOOT',
      'LOCK_DOWN_KERNEL_SECUREBOOT_FORCE_INTEGRITY',
      'EFI_SECURE_BOOT_LOCK_DOWN',
      'EFI_SECURE_BOOT_SECURELEVEL',
    ),
    what: 'Where Secure Boot is on, this kernel refuses unsigned modules.',
    todo: 'Where it is on (mokutil --sb-state): sign the module with an enrolled key (mokutil --import), or use another engine where one runs there',
    source: "distributions' patches since 2012, under five names",
  }),
  rule('ima', KMOD, may('loads'), {
    when: on('IMA_ARCH_POLICY'),
    what: 'Where Secure Boot is on, the policy of IMA has this kernel refuse unsigned modules.',
    todo: `Where it is on: sign ${THE_MODULE}`,
    source: 'security/integrity/ima/ima_efi.c: arch_get_ima_policy()',
  }),
  rule('ima', KMOD, may('refused'), {
    when: on('IMA_APPRAISE_REQUIRE_MODULE_SIGS'),
    what: 'IMA refuses modules without a signature that it knows, from the start.',
    todo: 'Sign the module by evmctl with a key of the .ima keyring; ima_appraise=off on the command line lifts it where CONFIG_IMA_APPRAISE_BOOTPARAM is on',
    source: 'security/integrity/ima/ima_policy.c: build_appraise_rules',
  }),
  rule('ima', KMOD, NOTE, {
    when: all(on('IMA_APPRAISE'), not(on('IMA_APPRAISE_REQUIRE_MODULE_SIGS'))),
    what: 'A policy of IMA that root loads, or ima_policy=secure_boot on the command line, may have it refuse unsigned modules; without one it does not.',
    source: 'security/integrity/ima/ima_policy.c: secure_boot_rules; ima_main.c: ima_load_data()',
  }),
  rule('loadpin', KMOD, may('refused'), {
    when: LOADPIN,
    what: 'LoadPin is on: this kernel takes modules from its root file system alone, and none from memory.',
    todo: 'loadpin.exclude=kernel-module or loadpin.enforce=0 on its command line opens it',
    source: 'security/loadpin/loadpin.c',
  }),
  rule('loadpin', KMOD, may('loads'), {
    when: all(on('SECURITY_LOADPIN'), not(LOADPIN)),
    what: 'LoadPin is in this kernel and off: loadpin.enforce=1 or lsm= on its command line turns it on, and then it takes modules from its root file system alone.',
    source: 'security/loadpin/loadpin.c',
  }),
  rule('unsupported-module', KMOD, may('loads'), {
    when: on('SUSE_KERNEL_SUPPORTED'),
    what: "SUSE's modprobe refuses modules that SUSE does not support where allow_unsupported_modules is 0 (/etc/modprobe.d); insmod takes them, and marks the kernel as tainted.",
    todo: 'Where modprobe refuses it: set allow_unsupported_modules 1, or load it by insmod',
    source: "SUSE's patch: Documentation/admin-guide/kernel-parameters.txt, unsupported",
  }),
  // Does the built module fit the kernel?
  rule('trimmed-symbols', KMOD, may('refused'), {
    when: all(on('TRIM_UNUSED_KSYMS'), symversUnknown),
    what: 'This kernel exports only the symbols that its own modules use, or a list names: the module likely finds some missing ("Unknown symbol").',
    todo: 'Send its Module.symvers, which shows them',
    source: 'kernel/module/Kconfig: TRIM_UNUSED_KSYMS',
  }),
  rule('trimmed-symbols', KMOD, PREVENTS, {
    when: all(on('TRIM_UNUSED_KSYMS'), exportsNot(CALLED)),
    what: `This kernel does not export ${CALLED.join(' and ')}, which the module calls.`,
    source: 'kernel/module/Kconfig: TRIM_UNUSED_KSYMS; falcosecurity/libs: driver/main.c',
  }),
  rule('trimmed-symbols', KMOD, NOTE, {
    when: all(on('TRIM_UNUSED_KSYMS'), exportsAll(CALLED)),
    what: 'This kernel exports few symbols; its Module.symvers has those that the module hooks in by.',
    source: 'kernel/module/Kconfig: TRIM_UNUSED_KSYMS',
  }),
  rule('protected-symbols', KMOD, may('refused'), {
    when: on('MODULE_SIG_PROTECT'),
    what: 'An unsigned module may use no symbol that this kernel of Android protects.',
    todo: 'Sign it with a key of the kernel, or use another engine where one runs there',
    source: "Android's patch: kernel/module/Kconfig, MODULE_SIG_PROTECT",
  }),
  rule('cfi', KMOD, may('loads-if-built-so'), {
    when: all(on('CFI_CLANG', 'CFI'), not(on('CFI_PERMISSIVE'))),
    what: 'This kernel checks every indirect call: a module that its own clang did not build with CFI makes it panic.',
    todo: 'The registry builds it by clang of that version with CFI; do not load one that gcc built',
    source: 'arch/Kconfig: CFI_CLANG; CFI from 6.18 on',
  }),
  rule('cfi', KMOD, NOTE, {
    when: all(on('CFI_CLANG', 'CFI'), on('CFI_PERMISSIVE')),
    what: 'This kernel checks every indirect call, and only warns of one that does not fit.',
    source: 'arch/Kconfig: CFI_PERMISSIVE',
  }),
  rule('cfi', KMOD, may('loads-if-built-so'), {
    when: on('PAX_RAP'),
    what: 'This kernel has the patches of PaX: only its own tree builds a module for it.',
    todo: 'Build the module where the kernel was built',
    blocksConfigBuild: true,
    source: 'grsecurity: security/Kconfig',
  }),
  rule('patched-kernel', BUILT, may('loads'), {
    when: patchedBy(
      ...(['redhat', 'suse', 'oracle', 'android', 'openvz', 'grsecurity', 'realtime', 'synology'] as const),
    ),
    what: "The structures of this kernel are not those of kernel.org's source: its patches change them.",
    todo: 'The registry builds the probe from its own headers, or from a source of its own; where it has neither, send them (kheaders, kernelurls)',
    source: 'lib/kconfig/patched.ts: options that kernel.org has in no version',
  }),
  rule('ibt', KMOD, NOTE, {
    when: on('X86_KERNEL_IBT'),
    what: 'This kernel checks where an indirect call lands: the module must be compiled with -fcf-protection=branch, as its config has the registry do.',
    source: 'arch/x86/Kconfig: X86_KERNEL_IBT; arch/x86/Makefile',
  }),
  rule('randomized-layout', KMOD, may('loads-if-built-so'), {
    when: SHUFFLED,
    what: 'This kernel shuffles its structures by a seed that only its own build has, and no config contains it.',
    todo: FROM_ITS_HEADERS,
    blocksConfigBuild: true,
    source: 'security/Kconfig.hardening; include/linux/vermagic.h',
  }),
  rule('randomized-layout', EBPF, may('loads'), {
    when: SHUFFLED,
    what: 'This kernel shuffles its structures by a seed that only its own build has: a probe built from other headers loads, and reads wrong fields.',
    todo: FROM_ITS_HEADERS,
    blocksConfigBuild: true,
    source: 'security/Kconfig.hardening',
  }),
  rule('randomized-layout', MODERN, PREVENTS, {
    when: on('GCC_PLUGIN_RANDSTRUCT'),
    what: 'A kernel whose structures gcc shuffles cannot describe them (CONFIG_DEBUG_INFO_BTF).',
    source: 'lib/Kconfig.debug: DEBUG_INFO_BTF',
  }),
  rule('gcc-plugins', KMOD, NOTE, {
    when: on(
      'GCC_PLUGIN_STACKLEAK',
      'GCC_PLUGIN_LATENT_ENTROPY',
      'GCC_PLUGIN_STRUCTLEAK',
      'GCC_PLUGIN_CYC_COMPLEXITY',
    ),
    what: "This kernel was compiled with plugins of its compiler: the module needs the same gcc, with its plugins' headers.",
    source: 'scripts/gcc-plugins/Kconfig; security/Kconfig.hardening',
  }),
  rule('needs-symvers', KMOD, NOTE, {
    when: all(on('MODVERSIONS'), symversUnknown, not(on('GENDWARFKSYMS'))),
    what: 'This kernel checks the versions of symbols: a module that was built without its Module.symvers loads by force alone (insmod -f), where CONFIG_MODULE_FORCE_LOAD is on.',
    todo: 'Send it too: /lib/modules/$(uname -r)/build/Module.symvers or /boot/symvers-$(uname -r).gz',
    source: 'kernel/module/version.c: check_version()',
  }),
  rule('needs-symvers', KMOD, NOTE, {
    when: all(on('MODVERSIONS'), symversUnknown, on('GENDWARFKSYMS')),
    what: 'This kernel checks the versions of symbols, which gendwarfksyms makes of debug information: nothing but its own Module.symvers has them.',
    todo: 'Send it too: /lib/modules/$(uname -r)/build/Module.symvers or /boot/symvers-$(uname -r).gz',
    source: 'kernel/module/Kconfig: GENDWARFKSYMS, since 6.14',
  }),
  // Requirements of eBPF.
  ...(['BPF', 'BPF_SYSCALL', 'PERF_EVENTS', 'BPF_EVENTS'] as const).map((option) =>
    rule('ebpf-prerequisites', BOTH_EBPF, PREVENTS, {
      when: off(option),
      what: `This kernel was built without CONFIG_${option}, which every eBPF program of Falco needs.`,
      source:
        option === 'BPF_EVENTS'
          ? 'kernel/trace/Kconfig: (KPROBE_EVENTS or UPROBE_EVENTS) and PERF_EVENTS'
          : 'kernel/bpf/Kconfig, init/Kconfig',
    }),
  ),
  rule('ebpf-prerequisites', MODERN, PREVENTS, {
    when: off('DEBUG_INFO_BTF'),
    what: 'This kernel does not describe its structures (CONFIG_DEBUG_INFO_BTF is off), which the modern eBPF probe needs.',
    source: 'lib/Kconfig.debug: DEBUG_INFO_BTF',
  }),
  rule('lockdown', BOTH_EBPF, PREVENTS, {
    when: on('LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY'),
    what: 'This kernel is locked down from its start, and lets no eBPF program read its memory.',
    source: 'kernel/trace/bpf_trace.c: LOCKDOWN_BPF_READ_KERNEL',
  }),
  rule('lockdown', EBPF, may('loads'), {
    when: on('SECURITY_LOCKDOWN_LSM'),
    what: 'With lockdown=confidentiality on its command line this kernel lets no eBPF program read its memory.',
    todo: 'Where that is set, no driver of Falco runs unless the module is signed with a key that the kernel trusts',
    source: 'kernel/trace/bpf_trace.c: LOCKDOWN_BPF_READ_KERNEL',
  }),
  rule('lockdown', EBPF, may('loads'), {
    when: on('LOCK_DOWN_KERNEL'),
    what: 'Locked down, as Secure Boot makes it, this kernel lets no eBPF program read its memory.',
    todo: 'Where Secure Boot is on: sign the kernel module with an enrolled key (mokutil --import)',
    source: "distributions' patches before Linux 5.4: kernel/trace/bpf_trace.c",
  }),
  rule('lockdown', MODERN, NOTE, {
    when: on('SECURITY_LOCKDOWN_LSM', 'LOCK_DOWN_KERNEL'),
    what: 'With lockdown=confidentiality on its command line this kernel lets no eBPF program read its memory.',
    source: 'kernel/trace/bpf_trace.c: LOCKDOWN_BPF_READ_KERNEL',
  }),
  rule('legacy-driver', EBPF, NOTE, {
    when: since(4, 14),
    what: 'Falco has no legacy eBPF probe since 0.44: the last driver version that builds it is 9.1.0+driver.',
    source: 'falcosecurity/libs: commit ce55a82cf',
  }),
]
