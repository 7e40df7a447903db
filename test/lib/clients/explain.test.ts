import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { explain } from '../../../lib/clients/explain.ts'

const HOST = 'https://probes.example:8443'

describe('the explanation of a name', () => {
  test('lists the parts, the canonical name and the clients', () => {
    expect(
      explain(`${HOST}/driver/9.1.0%2Bdriver/aarch64/falco_rhel_4.18.0-553.el8_10.aarch64_1.ko.asc?x=1#y`),
    ).toEqual({
      tag: 'probe',
      layout: 'current',
      template: expect.stringContaining('/driver/'),
      years: expect.any(String),
      redirects: true,
      companion: 'asc',
      parts: {
        driverVersion: '9.1.0+driver',
        arch: 'aarch64',
        driverName: 'falco',
        target: 'rhel',
        kernelRelease: '4.18.0-553.el8_10.aarch64',
        kernelVersion: '1',
        kind: 'kmod',
      },
      canonical: '/driver/9.1.0+driver/aarch64/falco_redhat_4.18.0-553.el8_10.aarch64_1.ko.asc',
      aliased: true,
      clients: expect.arrayContaining(['falcoctl 0.13 and later']),
      notes: [],
    })
  })

  test('gives the reason if no client asks for the name', () => {
    expect(explain('driver/6.0.1+driver/x86_64/scap_ubuntu-hwe_5.15.0-33-hwe_34~20.04.1.ko')).toMatchObject({
      clients: [],
      unreachable: expect.stringContaining('hwe'),
    })
  })

  test('explains a bare number on Ubuntu', () => {
    expect(explain('/driver/1/x86_64/falco_ubuntu-aws_5.15.0-1026-aws_30.ko')).toMatchObject({
      notes: [expect.stringContaining('#30~{series}')],
    })
  })

  test.each([
    [
      'ol_5.15.0-300.163.18.el9uek.x86_64_2.ko',
      "falcoctl 0.14.0 sends no request for a kernel module on Oracle's UEK",
    ],
    ['cos_5.15.146+_1.ko', 'falcoctl 0.14.0 sends no request for a kernel module on Container-Optimized OS'],
    [
      'raspbian_6.1.21-v8+_1.ko',
      'falcoctl 0.14.0 cannot read the kernel release 6.1.21-v8+, and sends no request',
    ],
    ['rocky_4.18.0-553.el8_10.x86_64_1.o', 'falcoctl 0.14.0 loads no ebpf probes'],
    [
      'centos_2.6.32-754.el6.x86_64_1.ko',
      'falcoctl 0.14.0 requests kmod probes only from Linux 3.10 on (x86_64)',
    ],
    [
      'debian_6.1.0-56-amd64_1.ko',
      "falcoctl, and loaders since 0.35.0, ask so only where uname -v does not say the package's version",
    ],
  ])('of %s notes that %s', (file, note) => {
    expect(explain(`/driver/9.1.0+driver/x86_64/falco_${file}`)).toMatchObject({
      notes: expect.arrayContaining([note]),
    })
  })

  test('of a name that only the registry’s own loader asks for lists no clients', () => {
    expect(explain('/driver/9.1.0+driver/x86_64/falco_undetermined_6.1.54-talos_1.ko')).toMatchObject({
      clients: [],
      unreachable: expect.stringContaining("only this registry's own loader"),
      notes: [],
    })
  })

  test('covers the names of 2015', () => {
    const md5 = 'efdd6af1cd18b7106b29002ca47b67b1'
    expect(
      explain(`/stable/sysdig-probe-binaries/sysdig-probe-0.1.102-x86_64-3.10.0-${md5}.ko`),
    ).toMatchObject({
      tag: 'config-hash',
      redirects: false,
      parts: { unameRelease: '3.10.0', configMd5: md5 },
      clients: ['sysdig-probe-loader up to 0.27'],
    })
  })

  test('gives the fault of a malformed name', () => {
    expect(explain(`${HOST}/driver/1/sparc/falco_debian_6.1_1.ko`)).toEqual({
      tag: 'malformed',
      why: expect.stringContaining('"sparc"'),
    })
    expect(explain('')).toMatchObject({ tag: 'malformed' })
  })

  test('exists for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(['probe', 'config-hash', 'malformed']).toContain(explain(text).tag)
      }),
    )
  })
})
