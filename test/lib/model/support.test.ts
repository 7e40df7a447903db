// Tests the refusal of known failures: the registry refuses them before it makes a claim, an event or a build.

import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { compareDrivers, isBetween } from '../../../lib/model/driver-numbers.ts'
import { entryOf } from '../../../lib/model/drivers.ts'
import { KNOWN_FAILURES, type KnownFailure } from '../../../lib/model/known-failures.ts'
import type { Arch, Kind } from '../../../lib/model/probe.ts'
import { compareSeries, formatSeries, seriesOf } from '../../../lib/model/series.ts'
import { knownFailure, oldestKernel } from '../../../lib/model/support.ts'
import { checkBuildable } from '../../../lib/plan/buildable.ts'
import { resolve } from '../../../lib/serve/resolve.ts'
import { createWorld } from '../../support/world.ts'

const probe = (driverVersion: string, kind: Kind, kernelRelease: string, arch: Arch = 'x86_64') => ({
  driverVersion,
  arch,
  driverName: entryOf(DEFAULTS, driverVersion)?.names[0] ?? 'falco',
  target: 'debian',
  kernelRelease,
  kernelVersion: '1',
  kind,
})
const refusal = (code: string) => expect.objectContaining({ code })

describe('the oldest kernel that a driver version supports', () => {
  test.each([
    ['2.0.0+driver', 'x86_64', 'kmod', '2.6'],
    ['2.0.0+driver', 'aarch64', 'kmod', '3.4'],
    ['4.0.1+driver', 'x86_64', 'ebpf', '4.14'],
    ['5.0.0+driver', 'aarch64', 'kmod', '3.16'],
    ['9.0.0+driver', 'x86_64', 'kmod', '2.6'],
    ['9.1.0+driver', 'x86_64', 'kmod', '3.10'],
    ['9.1.0+driver', 'aarch64', 'ebpf', '4.17'],
    ['10.2.0+driver', 'x86_64', 'kmod', '3.10'],
    ['0.23.2', 'x86_64', 'kmod', '3.10'],
  ] as const)('of %s on %s as %s is %s', (driverVersion, arch, kind, oldest) => {
    expect(formatSeries(oldestKernel({ driverVersion, arch, kind }))).toBe(oldest)
  })

  test.each([
    ['the drivers support', '10.2.0+driver', 'kmod', '3.2.102-1-amd64'],
    ['any driver supports', '2.0.0+driver', 'kmod', '2.4.32-5-amd64'],
    ['the legacy eBPF probe supports', '7.3.0+driver', 'ebpf', '4.9.0-4-amd64'],
  ] as const)('refuses a kernel older than %s and names the next step', (_, driverVersion, kind, release) => {
    const asked = probe(driverVersion, kind, release)
    expect(() => checkBuildable(DEFAULTS, asked)).toThrow(refusal('unsupported-kernel'))
    expect(() => checkBuildable(DEFAULTS, asked)).toThrow('Upgrade the host')
  })
})

test('driver versions are compared by their numbers, and versions of packages only with versions of packages', () => {
  expect(isBetween('7.3.0+driver', '2.0.0+driver', '10.0.0+driver')).toBe(true)
  expect(isBetween('10.1.0+driver', '2.0.0+driver', '10.0.0+driver')).toBe(false)
  expect(isBetween('10.1.0+driver', '2.0.0+driver')).toBe(true)
  expect(isBetween('0.23.2', '0.0.1+driver')).toBe(false)
  expect(isBetween('0.1.1dev+git20220316.e5c53d64', '0.1.1', '0.1.1')).toBe(true)
  expect(compareDrivers('10.0.0+driver', '9.1.0+driver')).toBeGreaterThan(0)
})

test('a series is the first two numbers of a release', () => {
  expect(seriesOf('6.12.117-1-amd64')).toEqual([6, 12])
  expect(seriesOf('5.10.0-46-cloud-amd64')).toEqual([5, 10])
  expect(seriesOf('fedora')).toBeUndefined()
  expect(compareSeries([6, 12], [6, 2])).toBeGreaterThan(0)
})

/** The first kernel of a row, with a name in the form of Debian. */
const releaseOf = ({ from: [major, minor] }: KnownFailure) => `${major}.${minor}.1-1-amd64`
/** The version of a package has more than its numbers. */
const versionOf = ({ drivers: [first] }: KnownFailure) =>
  first === '0.1.1' ? '0.1.1dev+git20220316.e5c53d64' : first

const rows = KNOWN_FAILURES.flatMap((row) =>
  row.kinds.map((kind) => ({ row, kind, driverVersion: versionOf(row), release: releaseOf(row) })),
)

describe('the table of known failures', () => {
  test('has rows', () => {
    expect(rows.length).toBeGreaterThan(0)
  })

  test.each(rows)(
    'has a reason, a compiler error and a next step for $driverVersion $kind on $release',
    ({ row }) => {
      expect(row.why).toMatch(/^[a-z][^\n]{20,}[^.]$/)
      expect(row.instead).toMatch(/^[A-Z][^\n]{10,}[^.]$/)
      expect(row.error).toMatch(/error: /)
      const {
        drivers: [first, last],
        from,
        to,
      } = row
      if (last !== undefined) expect(compareDrivers(first, last)).toBeLessThanOrEqual(0)
      if (to !== undefined) expect(compareSeries(from, to)).toBeLessThanOrEqual(0)
      expect(compareSeries(row.tried, from)).toBeGreaterThanOrEqual(0)
    },
  )

  test.each(rows)(
    'is the reason for the refusal of $driverVersion $kind on $release, which costs only reads',
    async ({ row, kind, driverVersion, release }) => {
      const asked = probe(driverVersion, kind, release)
      expect(knownFailure(asked, row.from)).toBe(row)
      const { resolvePorts, calls } = createWorld({ probe: undefined })
      const ending = kind === 'kmod' ? 'ko' : 'o'
      const path = `/driver/${driverVersion}/x86_64/${asked.driverName}_debian_${release}_1.${ending}`
      const ports = {
        ...resolvePorts,
        check: (one: Parameters<typeof checkBuildable>[1]) => checkBuildable(DEFAULTS, one),
      }
      const answer = () => resolve(ports, { method: 'GET', path, caller: '192.0.2.1' })
      await expect(answer()).rejects.toThrow(refusal('known-to-fail'))
      for (const part of [row.why, row.error, row.instead]) await expect(answer()).rejects.toThrow(part)
      expect(new Set(calls)).toEqual(new Set(['index.get']))
    },
  )

  test.each(rows)('does not stop $driverVersion $kind on $release if the operator allows the try', (at) => {
    const drivers = DEFAULTS.drivers.map((entry) => ({ ...entry, knownFailures: 'tried' as const }))
    const asked = probe(at.driverVersion, at.kind, at.release)
    expect(() => checkBuildable({ ...DEFAULTS, drivers }, asked)).not.toThrow()
  })
})
