import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { checkDriver, driverFor } from '../../../lib/model/drivers.ts'
import { checkBuildable } from '../../../lib/plan/buildable.ts'

const debian = '0.1.1dev+git20220316.e5c53d64'
const code = (expected: string) => expect.objectContaining({ code: expected })

describe('the catalogue of driver versions', () => {
  test.each([
    [debian, 'scap', 'kmod'],
    [debian, 'scap', 'ebpf'],
    ['2.0.0+driver', 'falco', 'ebpf'],
    ['3.0.1+driver', 'scap', 'kmod'],
    ['6.0.1+driver', 'falco', 'kmod'],
    ['7.0.0+driver', 'falco', 'kmod'],
    ['7.3.0+driver', 'falco', 'ebpf'],
    ['9.1.0+driver', 'scap', 'ebpf'],
    ['10.2.0+driver', 'falco', 'kmod'],
    ['12.0.3+driver', 'falco', 'kmod'],
  ] as const)('%s is served as %s %s', (driverVersion, driverName, kind) => {
    expect(() =>
      checkDriver(driverFor(DEFAULTS, driverVersion), { driverVersion, driverName, kind }),
    ).not.toThrow()
  })

  test.each(['1.0.0+driver', '9.9+driver', `x${debian}`, `${debian}/x`, '10.2.0+driver\n', ''])(
    '%j is unknown, and told what is known',
    (driverVersion) => {
      expect(() => driverFor(DEFAULTS, driverVersion)).toThrow(code('unknown-driver-version'))
      expect(() => driverFor(DEFAULTS, driverVersion)).toThrow('9.2.0+driver and newer')
    },
  )

  test.each([debian, `${debian}x`, '0.20.0', '99.9.9'])(
    '%s may be one that the archive has as a package',
    (version) => {
      expect(driverFor(DEFAULTS, version).source.from).toBe('package')
    },
  )

  test('the legacy eBPF probe ends with 9.1', () => {
    const driverVersion = '10.2.0+driver'
    const entry = driverFor(DEFAULTS, driverVersion)
    expect(() => checkDriver(entry, { driverVersion, driverName: 'falco', kind: 'ebpf' })).toThrow(
      code('unsupported-kind'),
    )
  })

  test("Debian's package is built under its own name only", () => {
    const entry = driverFor(DEFAULTS, debian)
    expect(() => checkDriver(entry, { driverVersion: debian, driverName: 'falco', kind: 'kmod' })).toThrow(
      code('unsupported-driver-name'),
    )
  })

  test.each(['', 'constructor', '__proto__', 'templeos'])('target %j is unknown', (target) => {
    const probe = {
      driverVersion: debian,
      driverName: 'scap',
      kind: 'kmod',
      arch: 'x86_64',
      target,
      kernelRelease: '6.1.192-2-amd64',
      kernelVersion: '1',
    } as const
    expect(() => checkBuildable(DEFAULTS, probe)).toThrow(code('unknown-target'))
  })
})
