import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { basesFor, kernelOf, type RpmRow } from '../../../../lib/kernels/rpm/row.ts'
import { RPM_ROWS, type RpmTarget } from '../../../../lib/kernels/rpm/rows.ts'
import { checkKernel } from '../../../../lib/kernels/targets.ts'
import type { Arch } from '../../../../lib/model/probe.ts'
import { readRows } from '../../../../targets/rows.ts'

const VECTORS = join(import.meta.dirname, '../../../vectors/driverkit-kernels.tsv.gz')

const row = (target: RpmTarget): RpmRow => RPM_ROWS[target]
const headers = (target: RpmTarget, unameRelease: string, arch: Arch = 'x86_64') => {
  const kernel = kernelOf(row(target), unameRelease, arch)
  return kernel && row(target).headers(kernel)
}
const bases = (target: RpmTarget, unameRelease: string, arch: Arch = 'x86_64'): string[] => {
  const kernel = kernelOf(row(target), unameRelease, arch)
  return kernel === undefined ? [] : basesFor(row(target).places, kernel)
}

test.each([
  ['almalinux', '5.14.0-427.13.1.el9_4.x86_64', ['kernel-devel']],
  ['rocky', '4.18.0-553.el8_10.x86_64', ['kernel-devel']],
  ['almalinux', '4.18.0-553.5.1.rt7.346.el8_10.x86_64', ['kernel-rt-devel']],
  ['centos', '6.5.5-1.el7.elrepo.x86_64', ['kernel-ml-devel', 'kernel-lt-devel']],
  ['ol', '5.15.0-206.153.7.el9uek.x86_64', ['kernel-uek-devel']],
  ['fedora', '6.11.4-301.fc41.x86_64+debug', ['kernel-debug-devel']],
  ['amazonlinux2023', '6.12.22-27.96.amzn2023.x86_64', ['kernel-devel', 'kernel6.12-devel']],
  ['photon', '6.1.83-3.ph5-esx', ['linux-esx-devel']],
  ['photon', '4.19.112-9.ph3', ['linux-devel']],
  ['opensuse', '5.14.21-150500.55.19-default', ['kernel-default-devel']],
  ['azurelinux', '6.6.47.1-1.azl3', ['kernel-devel']],
] as const)('the headers of %s %s are in %j', (target, release, names) => {
  expect(headers(target, release)).toEqual(names)
})

test('a kernel with larger pages has a package of its own, and says so in its name', () => {
  expect(headers('almalinux', '5.14.0-427.13.1.el9_4.aarch64+64k', 'aarch64')).toEqual(['kernel-64k-devel'])
})

test.each([
  ['almalinux', '5.14.0-427.el9.aarch64', 'of another architecture'],
  ['almalinux', '6.1.0-13-amd64', "of Debian's"],
  ['fedora', '6.11.4-301.fc41.x86_64; rm -rf /', 'that looks like a command'],
  ['fedora', '$(id)', 'that looks like a command'],
  ['fedora', '../../6.11.4-301.fc41.x86_64', 'that looks like a path'],
  ['fedora', `6.11.4-${'1'.repeat(300)}.x86_64`, 'that is too long'],
] as const)('%s has no kernel %s: one %s', (target, release, _) => {
  const probe = { driverVersion: '1', arch: 'x86_64', driverName: 'falco', target, kind: 'kmod' } as const
  expect(() => checkKernel({ ...probe, kernelRelease: release, kernelVersion: '1' })).toThrow(
    /is not the release of an x86_64 kernel/,
  )
})

describe('the repositories of a kernel', () => {
  test('are those of its release, the current one first, then that of its minor release', () => {
    expect(bases('almalinux', '5.14.0-427.13.1.el9_4.x86_64')).toEqual([
      'https://repo.almalinux.org/almalinux/9/BaseOS/x86_64/os',
      'https://repo.almalinux.org/almalinux/9/AppStream/x86_64/os',
      'https://vault.almalinux.org/9.4/BaseOS/x86_64/os',
      'https://vault.almalinux.org/9.4/AppStream/x86_64/os',
    ])
  })

  test('of a kernel of no minor release are in no folder of one', () => {
    expect(bases('rocky', '5.14.0-70.el9.x86_64').join()).not.toMatch(/vault|\{/)
  })

  test("of Oracle's own kernels are those of their series", () => {
    expect(bases('ol', '5.15.0-206.153.7.el9uek.x86_64')[0]).toBe(
      'https://yum.oracle.com/repo/OracleLinux/OL9/UEKR7/x86_64',
    )
  })

  test('of CentOS are those of the minor release that has kernels of that number', () => {
    expect(bases('centos', '3.10.0-1160.15.2.el7.x86_64')).toEqual([
      'https://vault.centos.org/7.9.2009/updates/x86_64',
      'https://vault.centos.org/7.9.2009/os/x86_64',
    ])
    expect(bases('centos', '4.18.0-348.7.1.el8_5.x86_64')).toEqual([
      'https://vault.centos.org/8.5.2111/BaseOS/x86_64/os',
      'https://vault.centos.org/8-stream/BaseOS/x86_64/os',
    ])
    expect(bases('centos', '4.18.0-383.el8.x86_64')).toEqual([
      'https://vault.centos.org/8-stream/BaseOS/x86_64/os',
    ])
  })

  test.each(Object.keys(RPM_ROWS) as RpmTarget[])('of %s are few enough to be read in seconds', (target) => {
    const releases = readRows(VECTORS).filter((one) => one.target === target)
    for (const { kernelRelease, arch } of releases)
      expect(bases(target, kernelRelease, arch).length, kernelRelease).toBeLessThanOrEqual(15)
  })

  test.each(['redhat', 'sles'] as const)('of %s are the operator’s to name', (target) => {
    expect(row(target).places).toEqual([])
    expect(row(target).entitled).toMatch(/^.{20}/)
  })
})
