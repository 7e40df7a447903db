// Which compiler header packages name, and that one kernel has one name in an archive of many suites.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AptPackage } from '../../../../lib/archives/apt/packages.ts'
import { canonicalRelease, headersOf } from '../../../../lib/kernels/debian/headers.ts'
import { compilerOf } from '../../../../lib/kernels/debian/planner.ts'

const headers = (name: string, version: string, depends: string): AptPackage => ({
  ...{ name: `linux-headers-${name}`, version, depends },
  ...{ url: `http://mirror.invalid/${name}_${version}.deb`, sha256: 'a'.repeat(64), bytes: 1, format: 'deb' },
})

describe('the compiler of a kernel', () => {
  // Each as it stands in a suite's list.
  test.each([
    [
      'gcc-10',
      'linux-headers-5.10.0-43-common (= 5.10.251-5), linux-kbuild-5.10 (>= 5.10.251-5), linux-compiler-gcc-10-x86',
    ],
    [
      'gcc-12',
      'linux-headers-6.1.0-56-common (= 6.1.192-2), linux-kbuild-6.1 (>= 6.1.192-2), linux-compiler-gcc-12-x86',
    ],
    ['gcc-12', 'linux-headers-6.1.0-56-common (= 6.1.192-2), linux-kbuild-6.1 (>= 6.1.192-2), gcc-12'],
    [
      'gcc-14',
      'linux-base (>= 4.12~), linux-headers-6.12.107+deb13-common (= 6.12.107-1), linux-image-6.12.107+deb13-amd64 (= 6.12.107-1) | linux-image-6.12.107+deb13-amd64-unsigned (= 6.12.107-1), linux-kbuild-6.12.107+deb13, gcc-14',
    ],
    [
      'gcc-14',
      'gcc-14-for-host, linux-base (>= 4.12~), linux-base-7.2.12+deb13-amd64 (= 7.2.12-1~bpo13+1), linux-headers-7.2.12+deb13-common (= 7.2.12-1~bpo13+1), linux-kbuild-7.2.12+deb13',
    ],
    [
      'gcc-16',
      'gcc-16-for-host, linux-base (>= 4.12~), linux-base-7.2.13+deb14-arm64 (= 7.2.13-1), linux-kbuild-7.2.13+deb14',
    ],
    ['gcc-4.9', 'linux-headers-3.16.0-4-common, linux-kbuild-3.16, linux-compiler-gcc-4.9-x86'],
    ['gcc-8', 'linux-kbuild-4.19, linux-compiler-gcc-8-arm'],
    ['gcc-12', 'linux-kbuild-6.1, gcc-12-aarch64-linux-gnu'],
    ['gcc-13', 'linux-kbuild-6.8, gcc-13-x86-64-linux-gnu'],
    ['gcc-12', 'linux-kbuild-6.1, gcc-12-arm-linux-gnueabihf'],
  ])('is %s where its headers need %s', (compiler, depends) => {
    expect(compilerOf(headers('6.1.0-1-amd64', '6.1.1-1', depends))).toBe(compiler)
  })

  test.each([
    '',
    'linux-kbuild-6.1',
    'gcc',
    'gcc-12-base',
    'gcc-12-plugin-dev',
    'libgcc-12-dev',
    'gcc-12-doc',
  ])('is not read out of %j', (depends) => {
    expect(() => compilerOf(headers('6.1.0-1-amd64', '6.1.1-1', depends))).toThrow(
      expect.objectContaining({ code: 'headers-not-found' }),
    )
  })
})

/** Suites that have the same release of a kernel, each in a version and under a name of its own. */
const SUITES = [
  { suffix: '', abi: '+deb13' },
  { suffix: '', abi: '+deb14' },
  { suffix: '~deb12u1', abi: '+deb12' },
  { suffix: '~bpo12+1', abi: '+deb12' },
  { suffix: '~bpo12+2', abi: '+deb12' },
  { suffix: '~deb11u1', abi: '+deb11' },
] as const

const kernel = fc.record({
  patch: fc.integer({ min: 1, max: 3 }),
  revision: fc.integer({ min: 1, max: 2 }),
  suite: fc.constantFrom(...SUITES),
  flavour: fc.constantFrom('amd64', 'cloud-amd64', 'rt-amd64'),
})

const archives = fc
  .uniqueArray(kernel, {
    maxLength: 24,
    selector: (k) => `${k.patch} ${k.revision} ${k.suite.suffix} ${k.flavour}`,
  })
  .map((kernels) =>
    kernels.map(({ patch, revision, suite, flavour }) =>
      headers(
        `6.12.${patch}${suite.abi}-${flavour}`,
        `6.12.${patch}-${revision}${suite.suffix}`,
        'linux-kbuild-6.12',
      ),
    ),
  )

describe('in an archive that has a release in several suites', () => {
  test('a canonical name means the very package that it is of, and no two have the same', () => {
    fc.assert(
      fc.property(archives, (archive) => {
        for (const pkg of archive) expect(headersOf(archive, canonicalRelease(archive, pkg))).toBe(pkg)
        const names = archive.map((pkg) => canonicalRelease(archive, pkg))
        expect(new Set(names).size).toBe(names.length)
      }),
      { numRuns: 2000 },
    )
  })

  test('a package version that an archive has is its own canonical name, whatever else the archive has', () => {
    fc.assert(
      fc.property(archives, archives, (archive, others) => {
        for (const pkg of archive.filter(({ version }) => !version.includes('~'))) {
          const all = [...others.filter((p) => p.version !== pkg.version), ...archive]
          const flavour = /(cloud-|rt-)?amd64$/.exec(pkg.name)?.[0]
          expect(canonicalRelease(all, pkg)).toBe(`${pkg.version}-${flavour}`)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('the suites may be read in any order', () => {
    fc.assert(
      fc.property(archives, (archive) => {
        const turned = archive.toReversed()
        for (const pkg of archive) expect(canonicalRelease(turned, pkg)).toBe(canonicalRelease(archive, pkg))
      }),
      { numRuns: 500 },
    )
  })
})
