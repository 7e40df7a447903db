import { describe, expect, test } from 'vitest'
import { probeOf } from '../../../../lib/names/grammar.ts'
import { componentOf, listPath, namesOf, takes } from '../../../../lib/packages/apt/names.ts'

const probe = (file: string, driver = '11.0.0+driver', arch = 'x86_64') =>
  probeOf(`driver/${driver}/${arch}/falco_${file}.ko`)

describe('the packages of a probe are named', () => {
  test.each([
    ['debian_6.1.192-2-amd64_1', '6.1.0-56-amd64', '6.1.192-2', 'amd64', 'debian-6.1'],
    ['debian_6.1.192-2-cloud-amd64_1', '6.1.0-56-cloud-amd64', '6.1.192-2', 'cloud-amd64', 'debian-6.1'],
    [
      'debian_6.12.111-1~deb12u1-amd64_1',
      '6.12.111+deb12-amd64',
      '6.12.111-1~deb12u1',
      'amd64',
      'debian-6.12-deb12',
    ],
    ['debian_6.1.0-56-amd64_1', '6.1.0-56-amd64', '6.1.0-56', 'amd64', 'debian-6.1'],
    ['debian_6.8.12-4-pve_1', '6.8.12-4-pve', '6.8.12-4', 'pve', 'debian-6.8'],
    ['debian_6.12.34+rpt-rpi-v8_1', '6.12.34+rpt-rpi-v8', '6.12.34+rpt', 'rpi-v8', 'debian-6.12'],
    [
      'ubuntu-generic_6.8.0-52-generic_53',
      '6.8.0-52-generic',
      '6.8.0-52.53',
      'generic',
      'ubuntu-generic-6.8',
    ],
    [
      'ubuntu-generic_6.8.0-52-generic_53~22.04.1',
      '6.8.0-52-generic',
      '6.8.0-52.53~22.04.1',
      'generic',
      'ubuntu-generic-6.8-22.04',
    ],
    ['ubuntu-aws_6.8.0-1021-aws_23', '6.8.0-1021-aws', '6.8.0-1021.23', 'aws', 'ubuntu-aws-6.8'],
  ])('for %s, %s: version %s of flavour %s in %s', (file, release, version, flavour, component) => {
    const names = namesOf(probe(file), release)
    expect(names).toMatchObject({
      name: `falco-probe-11.0.0+driver-${release}`,
      version,
      ofKernel: `falco-probe-${release}`,
      flavour: { name: `falco-probe-${flavour}`, version: `${version}+11.0.0+driver` },
    })
    expect(componentOf(probe(file))).toBe(component)
  })

  test('with a driver version that is invalid in the name of a package, and with a commit', () => {
    const of = (driver: string) => namesOf(probe('debian_6.1.192-2-amd64_1', driver), '6.1.0-56-amd64')
    expect(of('0.1.1_Dev~1-2')).toMatchObject({
      name: 'falco-probe-0.1.1-dev-1-2-6.1.0-56-amd64',
      driverVersion: '0.1.1.Dev~1-2',
      flavour: { version: '6.1.192-2+0.1.1.Dev~1.2' },
    })
    expect(of('e5c53d64')).toMatchObject({ driverVersion: '0+e5c53d64' })
  })

  test('without a flavour if its kernel has none', () => {
    expect(namesOf(probe('debian_6.1.21-v8+_1', '1', 'aarch64'), '6.1.21-v8+').flavour).toBeUndefined()
  })
})

test('the path of a list has the architecture by the name that dpkg uses', () => {
  expect(listPath(probe('debian_6.1.192-2-arm64_1', '1', 'aarch64'))).toBe('debian-6.1/binary-arm64/Packages')
})

test.each([
  ['debian_6.1.192-2-amd64_1', true],
  ['ubuntu-aws_6.8.0-1021-aws_23', true],
  ['raspbian_6.1.21-v8+_1', true],
  ['flatcar_3815.2.5_1', false],
  ['rocky_5.14.0-1.el9.x86_64_1', false],
  ['vanilla_6.1.54_1', false],
])('%s has a package: %s', (file, has) => {
  expect(takes(probe(file))).toBe(has)
})
