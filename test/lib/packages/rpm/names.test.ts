import { describe, expect, test } from 'vitest'
import { probeOf } from '../../../../lib/names/grammar.ts'
import { namesOf, repositoryOf, takes } from '../../../../lib/packages/rpm/names.ts'
import { type Kernel, keyOf } from '../../../support/rpm/registry.ts'

const kernel = (target: string, release: string, more: Partial<Kernel> = {}) =>
  probeOf(keyOf({ target, release, ...more }))
const headers = (name: string, version: string) => [
  { name, version, url: 'https://mirror.invalid/x', sha256: 'a'.repeat(64) },
]

describe('the repository of', () => {
  test.each([
    ['almalinux', '5.14.0-427.13.1.el9_4.x86_64', 'almalinux-el9'],
    ['ol', '5.15.0-206.153.7.el9uek.x86_64', 'ol-el9'],
    ['centos', '6.9.1-1.el8.elrepo.x86_64', 'centos-el8'],
    ['centos', '4.18.0-80.el7a.x86_64', 'centos-el7'],
    ['fedora', '6.11.4-301.fc41.x86_64', 'fedora-fc41'],
    ['amazonlinux2023', '6.1.79-99.164.amzn2023.x86_64', 'amazonlinux2023-amzn2023'],
    ['alinux', '5.10.134-16.3.al8.x86_64', 'alinux-al8'],
    ['photon', '6.1.79-3.ph5', 'photon-ph5'],
    ['azurelinux', '6.6.35.1-4.azl3', 'azurelinux-azl3'],
    ['opensuse', '5.14.21-150500.55.19-default', 'opensuse-15.5'],
    ['opensuse', '6.12.0-160000.5-default', 'opensuse-16.0'],
    ['opensuse', '6.11.3-1-default', 'opensuse-rolling'],
  ])('%s %s is %s', (target, release, repository) => {
    const probe = kernel(target, release)
    expect(takes(probe)).toBe(true)
    expect(repositoryOf(probe)).toBe(repository)
  })
})

test.each([
  ['debian', '6.1.192-2-amd64'],
  ['almalinux', '6.1.21-v8+'],
  ['flatcar', '3185.0.0'],
])('a kernel of %s %s has no rpm', (target, release) => {
  expect(takes(kernel(target, release))).toBe(false)
})

test('an eBPF probe and a probe of a submitted kernel have no rpm', () => {
  const probe = kernel('almalinux', '5.14.0-427.el9.x86_64')
  expect(takes({ ...probe, kind: 'ebpf' })).toBe(false)
  expect(takes({ ...probe, config: 'a'.repeat(64) })).toBe(false)
})

describe('the packages of', () => {
  test('a kernel have its version and release, and its flavour has that kernel as its condition', () => {
    const probe = kernel('almalinux', '5.14.0-427.13.1.el9_4.x86_64')
    expect(namesOf(probe, headers('kernel-devel', '5.14.0-427.13.1.el9_4.x86_64'))).toEqual({
      name: 'falco-probe-10.2.0+driver-5.14.0-427.13.1.el9_4.x86_64',
      version: '5.14.0',
      release: '427.13.1.el9_4',
      ofKernel: 'falco-probe(5.14.0-427.13.1.el9_4.x86_64)',
      ofDriver: 'falco-probe',
      driverVersion: '10.2.0+driver',
      flavour: {
        name: 'falco-probe-kernel',
        condition: '(kernel-core = 5.14.0-427.13.1.el9_4 or kernel = 5.14.0-427.13.1.el9_4)',
      },
    })
  })

  test.each([
    ['ol', '5.15.0-206.153.7.el9uek.x86_64', 'kernel-uek-devel', 'falco-probe-kernel-uek'],
    ['centos', '6.9.1-1.el9.elrepo.x86_64', 'kernel-ml-devel', 'falco-probe-kernel-ml'],
    ['amazonlinux2023', '6.12.20-23.97.amzn2023.x86_64', 'kernel6.12-devel', 'falco-probe-kernel6.12'],
    ['photon', '6.1.79-3.ph5-esx', 'linux-esx-devel', 'falco-probe-linux-esx'],
  ])('%s %s have the flavour of the packages of that kernel', (target, release, name, flavour) => {
    const version = release.replace(/\.x86_64$|-esx$/, '')
    const found = namesOf(kernel(target, release), headers(name, `${version}.x86_64`))
    expect(found.flavour).toMatchObject({
      name: flavour,
      condition: expect.stringContaining(`${name.replace('-devel', '')} = ${version}`),
    })
  })

  test('a kernel of SUSE have the rebuild number of its headers in the condition', () => {
    const probe = kernel('opensuse', '5.14.21-150500.55.19-default')
    const found = namesOf(probe, headers('kernel-default-devel', '5.14.21-150500.55.19.1.x86_64'))
    expect(found).toMatchObject({ version: '5.14.21', release: '150500.55.19' })
    expect(found.flavour?.condition).toBe('kernel-default = 5.14.21-150500.55.19.1')
  })

  test('a kernel without known headers have no flavour', () => {
    expect(namesOf(kernel('almalinux', '5.14.0-427.el9.x86_64'), []).flavour).toBeUndefined()
  })
})
