import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../../../lib/kernels/settings.ts'
import { rankFor, releasesOf, suitesOf } from '../../../../lib/kernels/ubuntu/suites.ts'

test.each([
  ['5.15.0-91-generic', '101', ['jammy', 'focal']],
  ['5.15.0-91-generic', '101~20.04.1', ['focal']],
  ['6.5.0-26-generic', '26~22.04.1', ['jammy']],
  ['6.5.0-26-generic', '26', ['mantic', 'jammy']],
  ['6.1.0-1020-oem', '20', ['lunar', 'jammy']],
  ['5.14.0-1059-oem', '67', ['jammy', 'focal']],
  ['4.15.0-1031-raspi2', '33', ['bionic', 'xenial']],
  ['4.4.0-1012-aws', '12', ['xenial', 'trusty']],
  ['6.8.0-52-generic', '53', ['noble', 'jammy']],
])('%s #%s is looked for in %j', (release, upload, releases) => {
  expect(releasesOf(release, upload)).toEqual(releases)
})

test('a kernel that is newer than every release is looked for in the newest, and in the long-term one before', () => {
  expect(releasesOf('9.9.0-1-generic', '1')).toEqual(['resolute', 'noble'])
})

describe('suites', () => {
  const order = (release: string, upload: string) => {
    const rank = rankFor(release, upload)
    const suites = suitesOf(DEFAULTS.ubuntu, 'x86_64').filter((suite) => rank(suite) !== undefined)
    return suites.toSorted((a, b) => (rank(a) ?? 0) - (rank(b) ?? 0)).map(({ suite }) => suite)
  }

  test('that were added to a release are read before the release itself', () => {
    expect(order('5.15.0-91-generic', '101')).toEqual([
      ...['jammy-security', 'jammy-updates', 'jammy', 'focal-security', 'focal-updates', 'focal'],
    ])
  })

  test('of a name of the operator’s own are always read', () => {
    const rank = rankFor('5.15.0-91-generic', '101')
    expect(rank({ mirror: 'https://mirror.invalid', suite: 'ours' })).toBeGreaterThan(0)
  })

  test('are at the mirror of their architecture, and those of releases that ended at another', () => {
    const at = (suite: string, arch: 'x86_64' | 'aarch64') =>
      suitesOf(DEFAULTS.ubuntu, arch).find((one) => one.suite === suite)?.mirror
    expect(at('jammy-security', 'x86_64')).toBe('http://security.ubuntu.com/ubuntu')
    expect(at('jammy-updates', 'x86_64')).toBe('http://archive.ubuntu.com/ubuntu')
    expect(at('jammy-security', 'aarch64')).toBe('http://ports.ubuntu.com/ubuntu-ports')
    expect(at('lunar-updates', 'aarch64')).toBe('http://old-releases.ubuntu.com/ubuntu')
  })
})
