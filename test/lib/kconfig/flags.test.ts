// Tests which compilers accept the flags in the headers of real kernels.

import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { leastCompiler } from '../../../lib/kconfig/flags.ts'
import { parseKconfig } from '../../../lib/kconfig/parse.ts'

const least = (...lines: string[]) => leastCompiler(parseKconfig(['CONFIG_64BIT=y', ...lines, ''].join('\n')))

describe('the oldest compiler that accepts the flags of a kernel', () => {
  test.each([
    ['AlmaLinux 8, by gcc 8.5', ['CONFIG_GCC_VERSION=80500', 'CONFIG_SLS=y'], 'gcc-11'],
    [
      'Ubuntu 24.04',
      ['CONFIG_SLS=y', 'CONFIG_INIT_STACK_ALL_ZERO=y', 'CONFIG_ZERO_CALL_USED_REGS=y'],
      'gcc-12',
    ],
    [
      'openSUSE Leap 15.6, by gcc 7.5',
      ['CONFIG_FUNCTION_ALIGNMENT=16', 'CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=y'],
      'gcc-14',
    ],
  ])('%s', (_, lines, expected) => {
    expect(least(...lines)).toBe(expected)
  })

  test('is undefined if none of the flags is on', () => {
    expect(least('CONFIG_CC_HAS_SLS=y', '# CONFIG_SLS is not set')).toBeUndefined()
    expect(least('CONFIG_FUNCTION_ALIGNMENT=0', 'CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=y')).toBeUndefined()
  })

  test('is undefined for a kernel built by clang', () => {
    expect(least('CONFIG_CC_IS_CLANG=y', 'CONFIG_INIT_STACK_ALL_ZERO=y')).toBeUndefined()
  })
})

/** With flags as the kernel's Makefile and arch/x86/Makefile write them. */
const compiles = (flag: string): boolean => {
  try {
    execFileSync('gcc-12', [flag, '-x', 'c', '-c', '-o', '/dev/null', '-'], {
      input: 'int x;',
      stdio: 'pipe',
    })
    return true
  } catch {
    return false
  }
}

describe.runIf(process.arch === 'x64')('gcc 12 accepts the flags that the table says it accepts', () => {
  test.each([
    ['SLS', '-mharden-sls=all', true],
    ['ZERO_CALL_USED_REGS', '-fzero-call-used-regs=used-gpr', true],
    ['INIT_STACK_ALL_ZERO', '-ftrivial-auto-var-init=zero', true],
    ['CC_HAS_MIN_FUNCTION_ALIGNMENT', '-fmin-function-alignment=16', false],
  ])('%s', (option, flag, takes) => {
    expect(compiles(flag)).toBe(takes)
    const needed = least(`CONFIG_${option}=y`, 'CONFIG_FUNCTION_ALIGNMENT=16') ?? ''
    expect(Number(needed.replace('gcc-', '')) <= 12).toBe(takes)
  })
})
