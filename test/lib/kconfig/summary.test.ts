import { describe, expect, test } from 'vitest'
import { compilerOf } from '../../../lib/kconfig/compiler.ts'
import type { Kconfig } from '../../../lib/kconfig/kconfig.ts'
import { parseKconfig } from '../../../lib/kconfig/parse.ts'
import { printKconfig } from '../../../lib/kconfig/print.ts'
import { readConfig } from '../../../lib/kconfig/read.ts'
import type { Engine } from '../../../lib/kconfig/rules.ts'
import { type EngineAnswer, type KernelFacts, summarize } from '../../../lib/kconfig/summary.ts'
import { noProbeNeeded } from '../../../lib/kconfig/verdicts.ts'
import { FIELD, fieldBytes } from '../../support/kconfig/field.ts'

const CONFIGS = new Map(
  await Promise.all(
    FIELD.map(async ({ file }) => [file, parseKconfig((await readConfig(fieldBytes(file))).text)] as const),
  ),
)
const configOf = (file: string): Kconfig => CONFIGS.get(file)!
const ANSWERS: Readonly<Record<string, EngineAnswer['answer']>> = {
  will: 'yes',
  yes: 'yes',
  may: 'maybe',
  cannot: 'no',
  no: 'no',
}
const answerIn = (cell: string) => ANSWERS[/^\w+/.exec(cell)?.[0] ?? '']

/** The options that a cell names. Leaves out constants and errors of programs that it quotes. */
const optionsIn = (cell: string): string[] =>
  [...cell.matchAll(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\b/g)]
    .map(([word]) => word)
    .filter((word) => word.length > 4 && !/^(?:BPF_MAP_TYPE_RINGBUF|EKEYREJECTED)$/.test(word))

describe('34 kernels of 30 distributions get the answers that a person gave:', () => {
  test.each(FIELD)('$file', (field) => {
    const config = configOf(field.file)
    const summary = summarize(config, { kernelRelease: field.release })
    const engines: readonly (readonly [Engine, string, string | undefined])[] = [
      ['kmod', field.kmod, field.kmodDefault],
      ['ebpf', field.ebpf, field.ebpfDefault],
      ['modernEbpf', field.modernEbpf, undefined],
    ]
    for (const [engine, expected, byDefault] of engines) {
      const { answer, byDefault: found, reasons } = summary[engine]
      expect([engine, answer]).toEqual([engine, answerIn(expected)])
      if (byDefault !== undefined) expect(found.split('-')[0]).toBe(byDefault.split(' ')[0])
      for (const option of optionsIn(expected)) expect(JSON.stringify(reasons), engine).toContain(option)
    }
  })

  test.each(FIELD.filter(({ compilerMajor }) => compilerMajor !== 'unknown'))(
    '$file names its compiler',
    ({ file, compilerFamily, compilerMajor }) => {
      const { family, version, from } = compilerOf({
        config: configOf(file),
        kernelRelease: '1.0',
        commands: ['gcc-12'],
      })
      expect([family, version.split('.')[0], from]).toEqual([compilerFamily, compilerMajor, 'config'])
    },
  )

  test.each(FIELD.filter(({ compilerMajor }) => compilerMajor === 'unknown'))(
    '$file does not name its compiler, and a guess is marked as one',
    ({ file, compilerFamily, release }) => {
      const { family, from, exact } = compilerOf({
        config: configOf(file),
        kernelRelease: release,
        commands: ['gcc-12', 'clang-14'],
      })
      expect([from, exact]).toEqual(['kernel-version', false])
      if (compilerFamily !== 'unknown') expect(family).toBe(compilerFamily)
    },
  )
})

/** No option in it can refuse a probe. */
const WSL2 = 'wsl2_5.15.133.1-microsoft-standard-WSL2.config.gz'
const FREE = printKconfig(configOf(WSL2))
const freeWith = (...lines: string[]): Kconfig => parseKconfig(`${FREE}${lines.join('\n')}\n`)

function told(engine: Engine, lines: readonly string[], facts: KernelFacts = {}): string {
  const { answer, byDefault, reasons } = summarize(freeWith(...lines), facts)[engine]
  return `${answer} ${byDefault} ${reasons[0]!.code} ${reasons[0]!.option}`
}

describe('each of these options alone decides:', () => {
  test.each<[Engine, string[], string]>([
    ['kmod', ['# CONFIG_MODULES is not set'], 'no refused modules-disabled CONFIG_MODULES'],
    ['kmod', ['CONFIG_MODULE_SIG=y'], 'maybe loads unsigned-refused CONFIG_MODULE_SIG'],
    [
      'kmod',
      ['CONFIG_MODULE_SIG=y', 'CONFIG_MODULE_SIG_FORCE=y'],
      'no refused unsigned-refused CONFIG_MODULE_SIG_FORCE',
    ],
    [
      'kmod',
      ['CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY=y'],
      'no refused lockdown CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY',
    ],
    ['kmod', ['CONFIG_SECURITY_LOCKDOWN_LSM=y'], 'maybe loads lockdown CONFIG_SECURITY_LOCKDOWN_LSM'],
    ...[
      'LOCK_DOWN_IN_EFI_SECURE_BOOT',
      'LOCK_DOWN_IN_SECURE_BOOT',
      'LOCK_DOWN_KERNEL_SECUREBOOT_FORCE_INTEGRITY',
      'EFI_SECURE_BOOT_LOCK_DOWN',
      'EFI_SECURE_BOOT_SECURELEVEL',
    ].map((option): [Engine, string[], string] => [
      'kmod',
      [`CONFIG_${option}=y`],
      `maybe loads unsigned-refused CONFIG_${option}`,
    ]),
    ['kmod', ['CONFIG_LOCK_DOWN_KERNEL=y'], 'maybe loads lockdown CONFIG_LOCK_DOWN_KERNEL'],
    ['kmod', ['CONFIG_IMA_ARCH_POLICY=y'], 'maybe loads ima CONFIG_IMA_ARCH_POLICY'],
    [
      'kmod',
      ['CONFIG_IMA_APPRAISE_REQUIRE_MODULE_SIGS=y'],
      'maybe refused ima CONFIG_IMA_APPRAISE_REQUIRE_MODULE_SIGS',
    ],
    ['kmod', ['CONFIG_IMA_APPRAISE=y'], 'yes loads nothing-in-the-way CONFIG_MODULES'],
    [
      'kmod',
      ['CONFIG_SECURITY_LOADPIN=y', 'CONFIG_SECURITY_LOADPIN_ENFORCE=y', 'CONFIG_LSM="yama,loadpin"'],
      'maybe refused loadpin CONFIG_SECURITY_LOADPIN_ENFORCE',
    ],
    [
      'kmod',
      ['CONFIG_SECURITY_LOADPIN=y', 'CONFIG_SECURITY_LOADPIN_ENFORCE=y', 'CONFIG_LSM="yama,loadpinned"'],
      'maybe loads loadpin CONFIG_SECURITY_LOADPIN',
    ],
    [
      'kmod',
      ['CONFIG_SUSE_KERNEL_SUPPORTED=y'],
      'maybe loads unsupported-module CONFIG_SUSE_KERNEL_SUPPORTED',
    ],
    ['kmod', ['CONFIG_MODULE_SIG_PROTECT=y'], 'maybe refused protected-symbols CONFIG_MODULE_SIG_PROTECT'],
    ['kmod', ['CONFIG_CFI_CLANG=y'], 'maybe loads-if-built-so cfi CONFIG_CFI_CLANG'],
    ['kmod', ['CONFIG_CFI=y'], 'maybe loads-if-built-so cfi CONFIG_CFI'],
    ['kmod', ['CONFIG_CFI=y', 'CONFIG_CFI_PERMISSIVE=y'], 'yes loads nothing-in-the-way CONFIG_MODULES'],
    ['kmod', ['CONFIG_RANDSTRUCT=y'], 'maybe loads-if-built-so randomized-layout CONFIG_RANDSTRUCT'],
    ['ebpf', ['CONFIG_RANDSTRUCT_FULL=y'], 'maybe loads randomized-layout CONFIG_RANDSTRUCT_FULL'],
    ['kmod', ['CONFIG_TRIM_UNUSED_KSYMS=y'], 'maybe refused trimmed-symbols CONFIG_TRIM_UNUSED_KSYMS'],
    ['kmod', ['CONFIG_RHEL_DIFFERENCES=y'], 'maybe loads patched-kernel CONFIG_RHEL_DIFFERENCES'],
    ['ebpf', ['CONFIG_SUSE_KERNEL=y'], 'maybe loads patched-kernel CONFIG_SUSE_KERNEL'],
    ['kmod', ['CONFIG_X86_KERNEL_IBT=y'], 'yes loads nothing-in-the-way CONFIG_MODULES'],
    ['kmod', ['CONFIG_GCC_PLUGIN_STACKLEAK=y'], 'yes loads nothing-in-the-way CONFIG_MODULES'],
    ['ebpf', ['# CONFIG_BPF_SYSCALL is not set'], 'no refused ebpf-prerequisites CONFIG_BPF_SYSCALL'],
    ['ebpf', ['# CONFIG_BPF_EVENTS is not set'], 'no refused ebpf-prerequisites CONFIG_BPF_EVENTS'],
    ['ebpf', ['# CONFIG_DEBUG_INFO_BTF is not set'], 'yes loads nothing-in-the-way CONFIG_BPF_SYSCALL'],
    ['ebpf', ['CONFIG_SECURITY_LOCKDOWN_LSM=y'], 'maybe loads lockdown CONFIG_SECURITY_LOCKDOWN_LSM'],
    ['modernEbpf', ['CONFIG_SECURITY_LOCKDOWN_LSM=y'], 'yes loads nothing-in-the-way CONFIG_DEBUG_INFO_BTF'],
    [
      'modernEbpf',
      ['# CONFIG_DEBUG_INFO_BTF is not set'],
      'no refused ebpf-prerequisites CONFIG_DEBUG_INFO_BTF',
    ],
    [
      'modernEbpf',
      ['CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY=y'],
      'no refused lockdown CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY',
    ],
  ])('%s, %j: %s', (engine, lines, expected) => expect(told(engine, lines)).toBe(expected))

  test.each(['TRACEPOINTS', 'HAVE_SYSCALL_TRACEPOINTS'])(
    'without CONFIG_%s no engine of Falco runs',
    (option) => {
      const off = [`# CONFIG_${option} is not set`]
      for (const engine of ['kmod', 'ebpf', 'modernEbpf'] as const)
        expect(told(engine, off)).toBe(`no refused no-tracepoints CONFIG_${option}`)
    },
  )
})

describe('the version of a kernel decides alone:', () => {
  const ofVersion = (version: string, arch: 'X86_64' | 'ARM64' = 'X86_64') =>
    parseKconfig(
      `# Linux ${version} Kernel Configuration\n${FREE.replace(/^#.*Linux.*\n/, '')}# CONFIG_X86_64 is not set\nCONFIG_${arch}=y\n`,
    )
  test.each([
    ['3.9.11', 'X86_64', 'no', 'no', 'maybe'],
    ['3.10.0', 'X86_64', 'yes', 'no', 'maybe'],
    ['3.15.0', 'ARM64', 'no', 'no', 'maybe'],
    ['3.16.0', 'ARM64', 'yes', 'no', 'maybe'],
    ['4.13.16', 'X86_64', 'yes', 'no', 'maybe'],
    ['4.14.0', 'X86_64', 'yes', 'yes', 'maybe'],
    ['4.16.0', 'ARM64', 'yes', 'no', 'maybe'],
    ['4.17.0', 'ARM64', 'yes', 'yes', 'maybe'],
    ['5.7.19', 'X86_64', 'yes', 'yes', 'no'],
    ['5.8.0', 'X86_64', 'yes', 'yes', 'yes'],
    ['10.0.0', 'X86_64', 'yes', 'yes', 'yes'],
  ] as const)('%s on %s', (version, arch, kmod, ebpf, modernEbpf) => {
    const summary = summarize(ofVersion(version, arch), {})
    expect([summary.kmod.answer, summary.ebpf.answer, summary.modernEbpf.answer]).toEqual([
      ...[kmod, ebpf, modernEbpf],
    ])
  })

  test('the host names the version if the config has none; without either, the answer is maybe', () => {
    const silent = parseKconfig(FREE.replace(/^#.*Linux.*\n/, ''))
    expect(summarize(silent, { kernelRelease: '5.4.0' }).modernEbpf.answer).toBe('no')
    expect(summarize(silent, { kernelRelease: '5.10.0' }).modernEbpf.answer).toBe('yes')
    expect(summarize(silent, {}).modernEbpf).toMatchObject({
      answer: 'maybe',
      reasons: [{ code: 'unknown-version' }],
    })
  })
})

describe('Module.symvers', () => {
  const TRIMMED = ['CONFIG_TRIM_UNUSED_KSYMS=y']

  test('is asked for as advice, and changes no answer', () => {
    const { answer, reasons } = summarize(freeWith('CONFIG_MODVERSIONS=y'), {}).kmod
    expect([answer, reasons.map(({ code }) => code)]).toEqual([
      'yes',
      expect.arrayContaining(['needs-symvers']),
    ])
    const sent = summarize(freeWith('CONFIG_MODVERSIONS=y'), { exported: () => true }).kmod
    expect(sent.reasons.map(({ code }) => code)).not.toContain('needs-symvers')
  })

  test('of a kernel that exports few symbols shows whether the module finds its symbols', () => {
    expect(told('kmod', TRIMMED, { exported: () => true })).toBe(
      'yes loads nothing-in-the-way CONFIG_MODULES',
    )
    const without = (missing: string) => ({ exported: (symbol: string) => symbol !== missing })
    for (const symbol of ['tracepoint_probe_register', 'for_each_kernel_tracepoint'])
      expect(told('kmod', TRIMMED, without(symbol))).toBe(
        'no refused trimmed-symbols CONFIG_TRIM_UNUSED_KSYMS',
      )
    expect(told('kmod', TRIMMED, without('printk'))).toContain('yes')
  })
})

describe('a partial config', () => {
  const part = (...lines: string[]) => summarize(parseKconfig(lines.join('\n')), { kernelRelease: '6.1.0' })

  test('promises nothing from options that it lacks', () => {
    const summary = part('CONFIG_X86_64=y', 'CONFIG_MODULES=y')
    for (const engine of ['kmod', 'ebpf', 'modernEbpf'] as const)
      expect(summary[engine]).toMatchObject({
        answer: 'maybe',
        reasons: expect.arrayContaining([expect.objectContaining({ code: 'not-a-whole-config' })]),
      })
  })

  test('refuses from options that it has', () => {
    const { kmod, modernEbpf } = part(
      'CONFIG_X86_64=y',
      'CONFIG_MODULE_SIG_FORCE=y',
      '# CONFIG_TRACEPOINTS is not set',
    )
    expect([kmod.answer, modernEbpf.answer]).toEqual(['no', 'no'])
  })
})

describe('the advice', () => {
  test('names an engine that runs on this kernel, first the one without a probe', () => {
    const detail = (engine: Engine, ...lines: string[]) =>
      summarize(freeWith(...lines), {})[engine].reasons[0]!.detail
    expect(detail('kmod', '# CONFIG_MODULES is not set')).toContain('engine.kind=modern_ebpf')
    const noBtf = '# CONFIG_DEBUG_INFO_BTF is not set'
    expect(detail('kmod', '# CONFIG_MODULES is not set', noBtf)).toContain('engine.kind=ebpf')
    expect(detail('modernEbpf', noBtf)).toContain('engine.kind=kmod')
    expect(detail('kmod', '# CONFIG_MODULES is not set', '# CONFIG_BPF_SYSCALL is not set')).toContain(
      'No engine of Falco runs on this kernel',
    )
  })

  test('is that no probe is needed if the modern eBPF probe runs', () => {
    expect(noProbeNeeded(summarize(freeWith(), {}))).toMatch(/^No probe needed: /)
    expect(noProbeNeeded(summarize(freeWith('# CONFIG_DEBUG_INFO_BTF is not set'), {}))).toBeUndefined()
    expect(noProbeNeeded(summarize(freeWith('CONFIG_SECURITY_LOCKDOWN_LSM=y'), {}))).toContain(
      'confidentiality',
    )
  })

  test('is in sentences that a terminal can show', () => {
    for (const { file, release } of FIELD)
      for (const { reasons } of Object.values(summarize(configOf(file), { kernelRelease: release })))
        for (const { detail } of reasons) expect(detail).toMatch(/^[A-Z][\x20-\x7e]{20,500}[.)]$/)
  })
})

test('the kernel of these tests has nothing that could refuse a probe', () => {
  const config = freeWith()
  expect(config.options.get('MODULES')).toEqual({ tag: 'switch', value: 'y' })
  const { kmod, ebpf, modernEbpf } = summarize(config, {})
  expect([kmod.answer, ebpf.answer, modernEbpf.answer]).toEqual(['yes', 'yes', 'yes'])
})
