import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { entryOf } from '../../../lib/model/drivers.ts'
import { newestDriver } from '../../../lib/model/newest-driver.ts'
import { checkSupport } from '../../../lib/model/support.ts'
import { UPSTREAM_DRIVERS } from '../../../lib/model/upstream-drivers.ts'

const PACKAGED = ['0.25.2', '0.23.2', '0.20.0', '0.1.1dev+git20220316.e5c53d64']

const newest = (
  unameRelease: string,
  more: Partial<Parameters<typeof newestDriver>[2]> = {},
  { packaged = PACKAGED, settings = DEFAULTS } = {},
) =>
  newestDriver(settings, packaged, {
    unameRelease,
    arch: 'x86_64',
    driverName: undefined,
    kinds: [],
    ...more,
  })

describe('who names no driver version gets the newest', () => {
  test.each([
    ['6.12.1-1-amd64', {}, '0.25.2'],
    ['3.10.0-1160.el7.x86_64', {}, '0.25.2'],
    ['2.6.32-754.el6.x86_64', {}, '0.20.0'],
    ['3.2.0-4-amd64', {}, '0.20.0'],
    ['6.12.1-1-amd64', { kinds: ['ebpf'] }, '0.23.2'],
    ['6.12.1-1-amd64', { kinds: ['kmod', 'ebpf'] }, '0.23.2'],
    ['6.12.1-1-amd64', { driverName: 'falco' }, '11.0.0+driver'],
    ['6.12.1-1-amd64', { driverName: 'falco', kinds: ['ebpf'] }, '9.1.0+driver'],
    ['2.6.32-754.el6.x86_64', { driverName: 'falco' }, '9.0.0+driver'],
    ['3.10.108-mine', { arch: 'aarch64' }, '4.0.1+driver'],
    ['no-number', {}, '0.25.2'],
  ] as const)('that kernel %s can take, asked for as %j: %s', (release, more, version) => {
    expect(newest(release, more)).toBe(version)
  })

  test('and where no package supports the kernel, the newest of upstream that does', () => {
    expect(newest('2.6.32-754.el6.x86_64', {}, { packaged: ['0.23.2'] })).toBe('9.0.0+driver')
    expect(newest('6.1.0-1-amd64', {}, { packaged: [] })).toBe(UPSTREAM_DRIVERS[0])
  })

  test('but none that was revoked, nor one that the catalogue does not serve', () => {
    const packaged = ['0.23.2', '0.20.0']
    const settings = { ...DEFAULTS, revoked: ['0.23.2'] }
    expect(newest('6.1.0-1-amd64', {}, { packaged, settings })).toBe('0.20.0')
    const drivers = DEFAULTS.drivers.filter(({ source }) => source.from === 'archive')
    expect(newest('6.1.0-1-amd64', {}, { packaged, settings: { ...DEFAULTS, drivers } })).toBe(
      UPSTREAM_DRIVERS[0],
    )
    expect(newest('6.1.0-1-amd64', {}, { packaged, settings: { ...DEFAULTS, drivers: [] } })).toBeUndefined()
  })
})

describe('where no driver supports the kernel, the refusal names', () => {
  const refusal = (release: string, more: Partial<Parameters<typeof newestDriver>[2]> = {}) => {
    const driverVersion = newest(release, more) ?? ''
    const entry = entryOf(DEFAULTS, driverVersion)
    const [kind = 'kmod'] = more.kinds ?? []
    const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? []
    return () =>
      checkSupport(entry ?? {}, { driverVersion, kind, arch: more.arch ?? 'x86_64' }, [
        Number(major),
        Number(minor),
      ])
  }

  test('the oldest kernel that any driver supports', () => {
    expect(refusal('2.4.37-mine')).toThrow('older than 2.6')
    expect(refusal('4.9.0-4-amd64', { kinds: ['ebpf'] })).toThrow('older than 4.14')
    expect(refusal('3.2.0-mine', { arch: 'aarch64' })).toThrow('older than 3.4')
  })

  test('what is known to fail of the newest', () => {
    expect(newest('7.3.4-1-amd64', { kinds: ['ebpf'] })).toBe('0.23.2')
    expect(refusal('7.3.4-1-amd64', { kinds: ['ebpf'] })).toThrow('does not compile for kernel 7.3')
  })
})

test('every version that upstream released is served, newest first', () => {
  expect(UPSTREAM_DRIVERS.filter((one) => entryOf(DEFAULTS, one) === undefined)).toEqual([])
  const numbers = UPSTREAM_DRIVERS.map((one) => one.split('.').map((part) => Number.parseInt(part, 10)))
  expect(numbers.toSorted((a, b) => b[0]! - a[0]! || b[1]! - a[1]! || b[2]! - a[2]!)).toEqual(numbers)
})
