import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { isBetween } from '../../../lib/model/driver-numbers.ts'
import { checkDriver, driverFor } from '../../../lib/model/drivers.ts'
import { oldestKernel } from '../../../lib/model/support.ts'
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
    ['11.0.0+driver', 'falco', 'kmod'],
    ['0.23.2', 'scap', 'ebpf'],
    ['0.25.2', 'scap', 'kmod'],
    ['12.0.3+driver', 'falco', 'kmod'],
  ] as const)('%s is served as %s %s', (driverVersion, driverName, kind) => {
    expect(() =>
      checkDriver(DEFAULTS, driverFor(DEFAULTS, driverVersion), { driverVersion, driverName, kind }),
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

  test.each([
    ['10.2.0+driver', 'falco'],
    ['11.0.0+driver', 'falco'],
    ['0.24.0', 'scap'],
    ['0.25.2', 'scap'],
    ['1.2.3', 'scap'],
  ] as const)('the legacy eBPF probe ended before %s', (driverVersion, driverName) => {
    const entry = driverFor(DEFAULTS, driverVersion)
    expect(() => checkDriver(DEFAULTS, entry, { driverVersion, driverName, kind: 'ebpf' })).toThrow(
      code('unsupported-kind'),
    )
  })

  test("Debian's package is built under its own name only", () => {
    const entry = driverFor(DEFAULTS, debian)
    expect(() =>
      checkDriver(DEFAULTS, entry, { driverVersion: debian, driverName: 'falco', kind: 'kmod' }),
    ).toThrow(code('unsupported-driver-name'))
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

const COMMITS = ['8d7f3ab0cdd8d3d1b4a3a1a0a0b7f2a5cf6a1234', 'e5c53d648f3c4694385bbe488e7d47eaa36c229a']

describe.each(COMMITS)('the commit %s', (commit) => {
  const sha256 = 'a'.repeat(64)
  const withCommits = (driverCommits: Partial<typeof DEFAULTS.driverCommits>) => ({
    ...DEFAULTS,
    driverCommits: { ...DEFAULTS.driverCommits, ...driverCommits },
  })

  test('is built by no registry that does not say so, and its refusal says what host and operator can do', () => {
    for (const settings of [DEFAULTS, withCommits({ sha256: { [commit]: sha256 } })]) {
      expect(() => driverFor(settings, commit)).toThrow(code('unknown-driver-version'))
      expect(() => driverFor(settings, commit)).toThrow(
        /use a release of Falco.*driverCommits in its settings/,
      )
    }
  })

  test('is built as a kernel module of either name, by the digest that the settings have', () => {
    const settings = withCommits({ mode: 'listed', sha256: { [commit]: sha256 } })
    const entry = driverFor(settings, commit)
    expect(entry.source).toEqual({ from: 'archive', sha256 })
    for (const driverName of ['falco', 'scap'] as const)
      expect(() =>
        checkDriver(settings, entry, { driverVersion: commit, driverName, kind: 'kmod' }),
      ).not.toThrow()
    expect(() =>
      checkDriver(settings, entry, { driverVersion: commit, driverName: 'falco', kind: 'ebpf' }),
    ).toThrow(code('unsupported-kind'))
  })

  test('that the settings do not list is refused at once where only those are built', () => {
    const settings = withCommits({ mode: 'listed', sha256: { [COMMITS.join('').slice(9, 49)]: sha256 } })
    expect(() => driverFor(settings, commit)).toThrow(/driverCommits\.sha256/)
  })

  test('is recorded at its first use where any is built', () => {
    expect(driverFor(withCommits({ mode: 'any' }), commit).source).toEqual({ from: 'archive' })
  })

  test('is of no range of other versions, and is held to the oldest kernel of the newest driver', () => {
    expect(isBetween(commit, '0.0.0')).toBe(false)
    expect(isBetween(commit, '2.0.0+driver')).toBe(false)
    expect(oldestKernel({ driverVersion: commit, kind: 'kmod', arch: 'x86_64' })).toEqual([3, 10])
  })
})

test.each(['e5c53d64', 'E5C53D648F3C4694385BBE488E7D47EAA36C229A', 'a'.repeat(41), 'a'.repeat(39)])(
  '%s is no commit',
  (version) => {
    const driverCommits = { ...DEFAULTS.driverCommits, mode: 'any' as const }
    expect(() => driverFor({ ...DEFAULTS, driverCommits }, version)).toThrow(code('unknown-driver-version'))
  },
)
