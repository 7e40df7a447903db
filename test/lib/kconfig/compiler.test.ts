import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compilerOf } from '../../../lib/kconfig/compiler.ts'
import { parseKconfig } from '../../../lib/kconfig/parse.ts'
import { isProbeError } from '../../../lib/model/errors.ts'
import { realConfig } from '../../support/kconfig/vectors.ts'

const SILENT = parseKconfig('CONFIG_A=y')
const DEBIAN_12 = ['gcc-11', 'gcc-12', 'clang-14']

/** The columns of the tables below. */
function chosen(facts: Partial<Parameters<typeof compilerOf>[0]>) {
  const all = { config: SILENT, kernelRelease: '6.1.54', commands: DEBIAN_12, ...facts }
  const { family, version, command, from, exact } = compilerOf(all)
  return [family, version, command, from, exact].join(' ')
}

describe('the compiler of a kernel', () => {
  test.each([
    ['bottlerocket_5.10.165_1_1.13.0-aws', '5.10.165', 'gcc 10.3.1 gcc-11 config false'],
    ['bottlerocket_6.1.49_1_1.15.0-vmware', '6.1.49', 'gcc 11.3.1 gcc-11 config true'],
    ['debian_6.1.0-56-amd64', '6.1.0-56-amd64', 'gcc 12.2.0 gcc-12 config true'],
    ['minikube_5.10.57_1_1.29.0', '5.10.57', 'gcc 10 gcc-11 kernel-version false'],
    ['minikube_5.10.57_1_1.31.2', '5.10.57', 'gcc 10 gcc-11 kernel-version false'],
    ['talos_5.15.102-talos_1_v1.3.6', '5.15.102-talos', 'gcc 12.2.0 gcc-12 config true'],
    ['talos_6.1.54-talos_1_v1.5.3', '6.1.54-talos', 'gcc 12.3.0 gcc-12 config true'],
  ])('of %s is the one that its config names, or a guess', (name, kernelRelease, expected) => {
    expect(chosen({ config: realConfig(name), kernelRelease })).toBe(expected)
  })

  test.each([
    ['CONFIG_CC_IS_CLANG=y\nCONFIG_GCC_VERSION=0\nCONFIG_CLANG_VERSION=140006', 'clang 14.0.6 clang-14'],
    ['CONFIG_CC_IS_GCC=y\nCONFIG_GCC_VERSION=80500\nCONFIG_CLANG_VERSION=0', 'gcc 8.5.0 gcc-11'],
    ['CONFIG_CC_VERSION_TEXT="gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0"', 'gcc 12.2.0 gcc-12'],
    ['CONFIG_CC_VERSION_TEXT="gcc (GCC) 11.3.1 20221121 (Red Hat 11.3.1-4)"', 'gcc 11.3.1 gcc-11'],
    [
      'CONFIG_CC_VERSION_TEXT="x86_64-linux-gnu-gcc-13 (Ubuntu 13.2.0-23ubuntu4) 13.2.0"',
      'gcc 13.2.0 gcc-12',
    ],
    ['CONFIG_CC_VERSION_TEXT="Debian clang version 14.0.6"', 'clang 14.0.6 clang-14'],
    ['# Compiler: gcc (Debian 8.3.0-6) 8.3.0\nCONFIG_A=y', 'gcc 8.3.0 gcc-11'],
    ['CONFIG_GCC_VERSION=99999999999\nCONFIG_CC_VERSION_TEXT="gcc (GCC) 12.1.0"', 'gcc 12.1.0 gcc-12'],
  ])('is read from %s', (text, expected) => {
    expect(chosen({ config: parseKconfig(text) })).toMatch(new RegExp(`^${expected} config `))
  })

  test.each([
    [
      'Linux version 4.15.0-20-generic (buildd@lgw01-amd64-039) (gcc version 7.3.0 (Ubuntu 7.3.0-16ubuntu3)) #21-Ubuntu SMP',
      'gcc 7.3.0 gcc-11',
    ],
    [
      'Linux version 3.10.0-1160.el7.x86_64 (mockbuild@x) (gcc version 4.8.5 20150623 (Red Hat 4.8.5-44) (GCC) ) #1 SMP',
      'gcc 4.8.5 gcc-11',
    ],
    [
      'Linux version 6.1.0-13-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) #1 SMP',
      'gcc 12.2.0 gcc-12',
    ],
    [
      'Linux version 4.18.0-477.el8.x86_64 (mockbuild@x) (gcc version 8.5.0 20210514 (Red Hat 8.5.0-18) (GCC)) #1 SMP',
      'gcc 8.5.0 gcc-11',
    ],
    [
      'Linux version 5.15.0 (a@b) (clang version 14.0.6 , GNU ld (GNU Binutils) 2.40) #1 SMP',
      'clang 14.0.6 clang-14',
    ],
    [
      'Linux version 6.1.25-android14 (a@b) (Android (10087095, +pgo) clang version 17.0.2 (https://x y), LLD 17.0.2) #1 SMP',
      'clang 17.0.2 clang-14',
    ],
  ])('is read from %s', (procVersion, expected) => {
    expect(chosen({ procVersion })).toMatch(new RegExp(`^${expected} proc-version `))
  })

  test('is taken from the config before /proc/version', () => {
    const procVersion = 'Linux version 6.1.54 (a@b) (gcc (GCC) 11.1.0, GNU ld 2.40)'
    const config = realConfig('talos_6.1.54-talos_1_v1.5.3')
    expect(chosen({ config, procVersion })).toContain('gcc 12.3.0 gcc-12 config')
    expect(chosen({ procVersion })).toBe('gcc 11.1.0 gcc-11 proc-version true')
  })

  test.each([
    ['6.12.1', 'gcc 14 gcc-12'],
    ['6.1.0-56-amd64', 'gcc 12 gcc-12'],
    ['4.19.0-20-amd64', 'gcc 8 gcc-11'],
    ['3.10.0-1160.el7.x86_64', 'gcc 4.8 gcc-11'],
    ['nonsense', 'gcc 4.8 gcc-11'],
  ])(
    'is guessed for %s if neither the config nor /proc/version names one, and is never exact',
    (kernelRelease, expected) => {
      expect(chosen({ kernelRelease })).toBe(`${expected} kernel-version false`)
    },
  )

  test('is clang if the config needs clang; its version is a guess', () => {
    const config = parseKconfig('CONFIG_LTO_CLANG=y\nCONFIG_CFI_CLANG=y')
    expect(chosen({ config, kernelRelease: '4.9.165' })).toBe('clang 8 clang-14 kernel-version false')
    const procVersion = 'Linux version 4.9.165 (a@b) (Android (5484270) clang version 9.0.3 (https://x)) #1'
    expect(chosen({ config, procVersion })).toBe('clang 9.0.3 clang-14 proc-version false')
  })

  test('is not the dummy compiler by which a config was made', () => {
    const config = parseKconfig(
      'CONFIG_CC_VERSION_TEXT="gcc (scripts/dummy-tools/gcc)"\nCONFIG_GCC_VERSION=200000',
    )
    const procVersion = 'Linux version 6.1.54 (a@b) (gcc (GCC) 11.1.0, GNU ld 2.40)'
    expect(chosen({ config, procVersion })).toBe('gcc 11.1.0 gcc-11 proc-version true')
  })

  test.each([
    ['gcc-11', ['gcc-9', 'gcc-12'], 'gcc-12'],
    ['gcc-11', ['gcc-10', 'gcc-12'], 'gcc-12'],
    ['gcc-4.9', ['gcc-4.8', 'gcc-12'], 'gcc-4.8'],
    ['clang-15', ['gcc-12', 'clang-14'], 'clang-14'],
    ['clang-15', ['gcc-12'], 'gcc-12'],
  ])('is replaced: for %s, of the available %j, %s is used', (wanted, commands, command) => {
    const [family, version] = wanted.split('-')
    const full = `${version}${version!.includes('.') ? '.2' : '.2.0'}`
    const procVersion = `(${family} version ${full} (x))`
    expect(chosen({ procVersion, commands })).toBe(`${family} ${full} ${command} proc-version false`)
  })

  test('is explained in a sentence', () => {
    const facts = { config: SILENT, kernelRelease: '5.10.57', commands: DEBIAN_12 }
    expect(compilerOf(facts).text).toBe(
      'neither the config nor /proc/version names a compiler; kernels of this version were mostly built by gcc 10; gcc-11, the nearest available, builds the module: features that the driver probes for may be missing',
    )
    const config = realConfig('debian_6.1.0-56-amd64')
    expect(compilerOf({ ...facts, config }).text).toBe(
      'the config names gcc 12.2.0; gcc-12 builds the module',
    )
  })

  test('is misconfigured if the build image has no compilers', () => {
    expect(() => chosen({ commands: [] })).toThrow(
      expect.toSatisfy((error) => isProbeError(error, 'misconfigured')),
    )
  })

  test('is an available one, whatever a client sends', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 60 }),
        fc.string({ maxLength: 60 }),
        (procVersion, kernelRelease) => {
          const all = { config: SILENT, procVersion, kernelRelease, commands: DEBIAN_12 }
          const { command, version } = compilerOf(all)
          expect(DEBIAN_12).toContain(command)
          expect(version).toMatch(/^\d+(\.\d+)*$/)
        },
      ),
    )
  })
})
