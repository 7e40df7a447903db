import { describe, expect, test } from 'vitest'
import type { Kconfig } from '../../../lib/kconfig/kconfig.ts'
import { parseKconfig } from '../../../lib/kconfig/parse.ts'
import { printKconfig } from '../../../lib/kconfig/print.ts'
import { type VerdictFacts, verdicts } from '../../../lib/kconfig/verdicts.ts'
import { realConfig } from '../../support/kconfig/vectors.ts'

const DEBIAN = 'debian_6.1.0-56-amd64'
const FACTS: VerdictFacts = {
  kernelRelease: '6.1.0-56-amd64',
  arch: 'x86_64',
  kind: 'kmod',
  exported: () => true,
}

/** For example `needs-symvers CONFIG_MODVERSIONS blocks`. */
const judged = (config: Kconfig, facts: Partial<VerdictFacts> = {}): string[] =>
  verdicts(config, { ...FACTS, ...facts }).map(
    ({ code, option, blocks }) => `${code} ${option}${blocks ? ' blocks' : ''}`,
  )

/** Debian's config with further lines. The last value of an option counts. */
const debianWith = (...lines: string[]): Kconfig =>
  parseKconfig(`${printKconfig(realConfig(DEBIAN))}${lines.join('\n')}`)

const NEEDS_SYMVERS = 'needs-symvers CONFIG_MODVERSIONS'
const AMAZON = 'patched-kernel CONFIG_AMAZON_DRIVER_UPDATES'
const SIG = 'unsigned-refused CONFIG_MODULE_SIG'
const LOCKDOWN = 'lockdown CONFIG_SECURITY_LOCKDOWN_LSM'
const IMA = ['ima CONFIG_IMA_ARCH_POLICY', 'ima CONFIG_IMA_APPRAISE']
const SIGNED = 'unsigned-refused CONFIG_MODULE_SIG_FORCE blocks'
const SECURE_BOOT = 'unsigned-refused CONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT'
const PARTIAL = 'not-a-whole-config CONFIG_INIT_ENV_ARG_LIMIT blocks'
const LOADS = 'will-load CONFIG_MODULES'
const MAY_LOAD = 'may-load CONFIG_MODULES'
const MAY_RUN = ['may-load CONFIG_BPF_SYSCALL', LOCKDOWN]
const LEGACY = (series: string) => `legacy-driver Linux ${series}`

describe('the verdicts on real configs', () => {
  test.each([
    [
      'bottlerocket_5.10.165_1_1.13.0-aws',
      '5.10.165',
      [AMAZON, SIG, LOCKDOWN, NEEDS_SYMVERS],
      [AMAZON, LOCKDOWN, LEGACY('5.10')],
    ],
    [
      'bottlerocket_6.1.49_1_1.15.0-vmware',
      '6.1.49',
      [AMAZON, SIG, LOCKDOWN, ...IMA, NEEDS_SYMVERS],
      [AMAZON, LOCKDOWN, LEGACY('6.1')],
    ],
    [
      DEBIAN,
      '6.1.0-56-amd64',
      [SIG, LOCKDOWN, SECURE_BOOT, ...IMA, NEEDS_SYMVERS],
      [...MAY_RUN, LEGACY('6.1')],
    ],
    ['minikube_5.10.57_1_1.29.0', '5.10.57', [PARTIAL], [PARTIAL]],
    ['minikube_5.10.57_1_1.31.2', '5.10.57', [PARTIAL], [PARTIAL]],
    [
      'talos_5.15.102-talos_1_v1.3.6',
      '5.15.102-talos',
      [SIGNED, NEEDS_SYMVERS],
      [...MAY_RUN, LEGACY('5.15')],
    ],
    ['talos_6.1.54-talos_1_v1.5.3', '6.1.54-talos', [SIGNED, NEEDS_SYMVERS], [...MAY_RUN, LEGACY('6.1')]],
  ])('of %s are as expected for its module and its eBPF probe', (name, kernelRelease, kmod, ebpf) => {
    const config = realConfig(name)
    expect(judged(config, { kernelRelease, exported: undefined })).toEqual(kmod)
    expect(judged(config, { kernelRelease, kind: 'ebpf' })).toEqual(ebpf)
  })

  test.each([
    ['bottlerocket_5.10.165_1_1.13.0-aws', '5.10.165', [AMAZON, SIG, LOCKDOWN]],
    [DEBIAN, '6.1.0-56-amd64', [MAY_LOAD, SIG, LOCKDOWN, SECURE_BOOT, ...IMA]],
    ['talos_6.1.54-talos_1_v1.5.3', '6.1.54-talos', [SIGNED]],
  ])('of %s with its Module.symvers are as expected', (name, kernelRelease, expected) => {
    expect(judged(realConfig(name), { kernelRelease })).toEqual(expected)
  })
})

describe('each verdict names the option that decides it', () => {
  test.each([
    [['# CONFIG_MODULES is not set'], 'modules-disabled CONFIG_MODULES blocks'],
    [
      ['CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY=y'],
      'lockdown CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY blocks',
    ],
    [['CONFIG_RANDSTRUCT=y'], 'randomized-layout CONFIG_RANDSTRUCT blocks'],
    [['CONFIG_GCC_PLUGIN_RANDSTRUCT=y'], 'randomized-layout CONFIG_GCC_PLUGIN_RANDSTRUCT blocks'],
    [['CONFIG_LOCALVERSION="-mine"'], 'release-mismatch CONFIG_LOCALVERSION blocks'],
    [['CONFIG_X86_64=n', 'CONFIG_ARM64=y'], 'arch-mismatch CONFIG_X86_64 blocks'],
  ])('%j: %s', (lines, expected) => {
    const found = judged(debianWith(...lines))
    expect(found).toContain(expected)
    expect(found).not.toContain(LOADS)
    expect(found).not.toContain(MAY_LOAD)
  })

  test.each(['TRACEPOINTS', 'HAVE_SYSCALL_TRACEPOINTS'])(
    'without CONFIG_%s there is no probe of either kind',
    (name) => {
      const config = debianWith(`# CONFIG_${name} is not set`)
      for (const kind of ['kmod', 'ebpf'] as const)
        expect(judged(config, { kind })).toEqual([`no-tracepoints CONFIG_${name} blocks`])
    },
  )

  test.each(['BPF', 'BPF_SYSCALL', 'PERF_EVENTS', 'BPF_EVENTS'])(
    'without CONFIG_%s there is no eBPF probe',
    (name) => {
      const config = debianWith(`# CONFIG_${name} is not set`)
      expect(judged(config, { kind: 'ebpf' })).toEqual([`ebpf-prerequisites CONFIG_${name} blocks`])
    },
  )

  test('a kernel locked down for confidentiality has no eBPF probe; one locked down for integrity has', () => {
    const locked = (mode: string) =>
      judged(debianWith(`CONFIG_LOCK_DOWN_KERNEL_FORCE_${mode}=y`), { kind: 'ebpf' })
    expect(locked('CONFIDENTIALITY')).toEqual([
      'lockdown CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY blocks',
    ])
    expect(locked('INTEGRITY')).toEqual([...MAY_RUN, LEGACY('6.1')])
  })

  test('a kernel without modules still runs an eBPF probe', () => {
    expect(judged(debianWith('# CONFIG_MODULES is not set'), { kind: 'ebpf' })).toEqual([
      ...MAY_RUN,
      LEGACY('6.1'),
    ])
  })

  test('a kernel too old for the newest driver is refused for its version, not for its config', () => {
    const old = parseKconfig(printKconfig(realConfig(DEBIAN)).replaceAll('6.1.192', '4.13.16'))
    const found = judged(old, { kind: 'ebpf', kernelRelease: '4.13.16' })
    expect(found).toEqual(['kernel-too-old Linux 4.13'])
  })

  test('the headers of a distribution have the Module.symvers that its config lacks', () => {
    const found = verdicts(realConfig(DEBIAN), { ...FACTS, exported: undefined, headersOf: 'debian' })
    expect(found.map(({ code }) => code)).not.toContain('needs-symvers')
    expect(found.map(({ code }) => code)).toContain('headers-have-symvers')
    expect(found[0]!.code).toBe('may-load')
  })

  test('a kernel in which nothing can refuse a module will load it', () => {
    const open = ['MODULE_SIG', 'SECURITY_LOCKDOWN_LSM', 'LOCK_DOWN_IN_EFI_SECURE_BOOT', 'IMA_ARCH_POLICY']
    const config = debianWith(...open.map((name) => `# CONFIG_${name} is not set`))
    expect(judged(config)).toEqual([LOADS, IMA[1]])
    expect(judged(config, { exported: undefined })).toEqual([IMA[1], NEEDS_SYMVERS])
  })

  test('details are short and in printable ASCII, whatever the release', () => {
    const facts = { ...FACTS, kernelRelease: '5.4.0-\u202e"$(id)', exported: undefined }
    const config = debianWith(`CONFIG_LOCALVERSION="-${'x'.repeat(4000)}"`)
    for (const { detail } of verdicts(config, facts)) expect(detail).toMatch(/^[\x20-\x7e]{20,400}$/)
  })
})

describe('a config', () => {
  const talos = realConfig('talos_6.1.54-talos_1_v1.5.3')

  test.each(['6.1.54-talos', '6.1.54-talos+', '6.1.54-extra-talos-g12ab'])(
    'of 6.1.54-talos fits %s',
    (release) => {
      expect(judged(talos, { kernelRelease: release }).join()).not.toContain('release-mismatch')
    },
  )

  test.each([
    ['6.1.55-talos', '# Linux 6.1.54 Kernel Configuration'],
    ['5.15.54-talos', '# Linux 6.1.54 Kernel Configuration'],
    ['6.10.54-talos', '# Linux 6.1.54 Kernel Configuration'],
    ['nonsense-talos', '# Linux 6.1.54 Kernel Configuration'],
    ['6.1.54', 'CONFIG_LOCALVERSION'],
    ['6.1.54-flatcar', 'CONFIG_LOCALVERSION'],
  ])('of 6.1.54-talos does not fit %s', (kernelRelease, option) => {
    expect(judged(talos, { kernelRelease })).toContain(`release-mismatch ${option} blocks`)
  })

  test('without a version fits any release', () => {
    const config = realConfig('bottlerocket_5.10.165_1_1.13.0-aws')
    expect(judged(config, { kernelRelease: '6.6.1' })).toEqual([AMAZON, SIG, LOCKDOWN])
  })
})

describe('a fragment of a config', () => {
  test('is refused as partial even with lines that only Kconfig writes', () => {
    const config = parseKconfig('CONFIG_INIT_ENV_ARG_LIMIT=32\nCONFIG_MMU=y\nCONFIG_X86_64=y')
    expect(judged(config)).toEqual([PARTIAL])
    expect(verdicts(config, FACTS)[0]!.detail).toContain('it has 3 options')
  })
})
