import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Wanted } from '../../../lib/clients/ask.ts'
import { APRIL_2020, bashLoaderIdentity } from '../../../lib/clients/bash-loader.ts'
import { CLIENTS, type Client } from '../../../lib/clients/clients.ts'
import { type HostFacts, hostFacts } from '../../../lib/clients/facts.ts'
import { falcoctlIdentity } from '../../../lib/clients/falcoctl.ts'
import { isProbeError } from '../../../lib/model/errors.ts'
import { DRIVER_NAMES, KINDS } from '../../../lib/model/probe.ts'
import { parse, parseProbe } from '../../../lib/names/grammar.ts'
import { LAYOUTS } from '../../../lib/names/layouts.ts'
import { clientNames, type HostId, host, RAW } from '../../support/hosts.ts'

const KMOD: Wanted = { driverVersion: '10.2.0+driver', driverName: 'falco', kind: 'kmod' }

/** `target_release_version` that a client asks for on a host, or the code of its refusal. */
function asked(id: string, facts: HostFacts, wanted: Wanted = KMOD): string {
  const client = CLIENTS.find((row) => row.id === id)
  if (!client) throw new Error(`no client ${id}`)
  try {
    return client.asks(facts, wanted).replace(/^.*\/(?:falco|scap)_|\.k?o$/g, '')
  } catch (error) {
    if (isProbeError(error)) return error.code
    throw error
  }
}

const now: readonly [HostId, string][] = [
  ['debian', 'debian_6.1.192-2-amd64_1'],
  ['debianCloud', 'debian_6.1.55-1-cloud-arm64_1'],
  ['debianRt', 'debian_5.10.178-3-rt-amd64_1'],
  ['debianOwnKernel', 'debian_6.1.55-mine_39'],
  ['trixie', 'debian_6.12.57-1-amd64_1'],
  ['ubuntu', 'ubuntu-generic_5.19.0-41-generic_42~22.04.1'],
  ['ubuntuAws', 'ubuntu-aws_5.15.0-1009-aws_11'],
  ['ubuntuAwsOld', 'ubuntu-aws_5.0.0-1028-aws-5.0_30'],
  ['ubuntuLowlatency', 'ubuntu-lowlatency_6.5.0-9-lowlatency_9.1'],
  ['ubuntuRaspi2', 'ubuntu-generic_4.15.0-1030-raspi2_32'],
  ['pop', 'pop_6.9.3-76060903-generic_202405300957'],
  ['mint', 'linuxmint_5.15.0-89-generic_99'],
  ['amazon1', 'amazonlinux_4.14.355-196.647.amzn1.x86_64_1'],
  ['amazon2', 'amazonlinux2_5.10.130-118.517.amzn2.x86_64_1'],
  ['amazon2023', 'amazonlinux2023_6.1.52-71.125.amzn2023.aarch64_1'],
  ['rhel', 'rhel_4.18.0-553.el8_10.x86_64_1'],
  ['rhcos', 'rhcos_5.14.0-284.36.1.el9_2.x86_64_1'],
  ['centos', 'centos_3.10.0-1160.119.1.el7.x86_64_1'],
  ['almalinux', 'almalinux_5.14.0-284.30.1.el9_2.x86_64_1'],
  ['rocky', 'rocky_5.14.0-362.8.1.el9_3.x86_64_1'],
  ['oracle', 'ol_5.4.17-2136.323.8.2.el8uek.x86_64_2'],
  ['opensuse', 'opensuse-leap_5.14.21-150500.55.31-default_1'],
  ['arch', 'arch_6.6.1-arch1-1_1'],
  ['photon', 'photon_5.10.198-1.ph4_1'],
  ['flatcar', 'flatcar_3794.0.0_27'],
  ['minikube', 'minikube_5.10.57_1_1.26.0'],
  ['bottlerocket', 'bottlerocket_5.10.165_1_1.13.1-aws'],
  ['talos', 'talos_6.1.54-talos_1_v1.5.3'],
  ['cos', 'cos_5.15.146+_1'],
  ['alpine', 'alpine_6.1.55-0-lts_1'],
  ['proxmox', 'debian_6.8.12-4_1'],
  ['raspberryPi', 'debian_6.12.34-1_1'],
  ['raspbian', 'raspbian_6.12.34+rpt-rpi-v8_1'],
  ['tencent', 'tencentos_5.4.119-19.0009.28_1'],
  ['noId', 'undetermined_5.15.96-0-virt_1'],
  ['noOsRelease', 'undetermined_5.15.96-0-virt_1'],
]

/** Hosts on which today's falcoctl sends no request for a module, and the reasons. */
const UNASKED: Readonly<Partial<Record<HostId, string>>> = {
  oracle: 'unsupported-kind',
  cos: 'unsupported-kind',
  noId: 'unknown-target',
  noOsRelease: 'unknown-target',
}

describe('falcoctl', () => {
  test.each(now)(
    'of today names the kernel of %s %s, and asks for it except on unsupported hosts',
    (id, name) => {
      for (const client of ['falcoctl-0.14.0', 'falcoctl-0.13.0'])
        expect(asked(client, host(id))).toBe(UNASKED[id] ?? name)
      const { target, kernelRelease, kernelVersion } = falcoctlIdentity(host(id))
      expect(`${target}_${kernelRelease}_${kernelVersion}`).toBe(name)
    },
  )

  test.each<[string, HostId, string]>([
    // The vendor's suffix stayed after the number, but never on Ubuntu itself.
    ['falcoctl-0.7.0', 'photon', 'photon_5.10.198-1.ph4_1-photon'],
    ['falcoctl-0.7.0', 'mint', 'linuxmint_5.15.0-89-generic_99-Ubuntu'],
    ['falcoctl-0.7.0', 'ubuntu', 'ubuntu-generic_5.19.0-41-generic_42~22.04.1'],
    ['falcoctl-0.7.2', 'photon', 'photon_5.10.198-1.ph4_1'],
    ['falcoctl-0.7.2', 'mint', 'linuxmint_5.15.0-89-generic_99'],
    // Releases that it could not read yet.
    ['falcoctl-0.7.2', 'tencent', 'malformed'],
    ['falcoctl-0.8.0', 'tencent', 'tencentos_5.4.119-19.0009.28_1'],
    ['falcoctl-0.7.2', 'cos', 'malformed'],
    ['falcoctl-0.8.0', 'cos', 'unsupported-kernel'],
    // Before it chose the kind of driver itself, it asked for a module on any kernel.
    ['falcoctl-0.7.2', 'oracle', 'ol_5.4.17-2136.323.8.2.el8uek.x86_64_2'],
    ['falcoctl-0.8.0', 'oracle', 'unsupported-kind'],
    ['falcoctl-0.10.0', 'cos', 'unsupported-kind'],
    ['falcoctl-0.7.2', 'noId', 'unknown-target'],
    ['falcoctl-0.7.2', 'noOsRelease', 'unknown-target'],
  ])('%s asks on %s for %s', (client, id, name) => {
    expect(asked(client, host(id))).toBe(name)
  })

  test('escapes the driver version and nothing else', () => {
    const [ask] = clientNames(hostFacts({ ...RAW.debian, release: '6.1.1+x-amd64', version: '#7 SMP' }), KMOD)
    expect(ask?.path).toBe('/driver/10.2.0%2Bdriver/x86_64/falco_debian_6.1.1+x-amd64_7.ko')
  })

  test('asks for ebpf probes up to 0.12', () => {
    const ebpf: Wanted = { ...KMOD, kind: 'ebpf' }
    for (const client of ['falcoctl-0.14.0', 'falcoctl-0.13.0'])
      expect(asked(client, host('debian'), ebpf)).toBe('unsupported-kind')
    expect(asked('falcoctl-0.10.0', host('debian'), ebpf)).toBe('debian_6.1.192-2-amd64_1')
    expect(asked('falcoctl-0.10.0', host('oracle'), ebpf)).toBe('ol_5.4.17-2136.323.8.2.el8uek.x86_64_2')
    expect(asked('falcoctl-0.10.0', host('cos'), ebpf)).toBe('cos_5.15.146+_1')
  })

  test.each(['6.1.21-v8+', '6.1.192_1'])(
    'asks nothing on a kernel %s, whose release it cannot read',
    (release) => {
      const facts = hostFacts({ ...RAW.debian, release, version: '#1 SMP' })
      for (const id of ['falcoctl-0.14.0', 'falcoctl-0.13.0', 'falcoctl-0.10.0', 'falcoctl-0.8.0'])
        expect(asked(id, facts)).toBe('unsupported-kernel')
      // A name without a release is malformed.
      for (const id of ['falcoctl-0.7.2', 'falcoctl-0.7.0']) expect(asked(id, facts)).toBe('malformed')
    },
  )

  test.each<[string, Wanted['kind'], string, string, string]>([
    ['falcoctl-0.13.0', 'kmod', 'x86_64', '3.9.11', '3.10.0'],
    ['falcoctl-0.10.0', 'kmod', 'x86_64', '2.5.75', '2.6.32'],
    ['falcoctl-0.10.0', 'kmod', 'aarch64', '3.15.0', '3.16.0'],
    ['falcoctl-0.8.0', 'ebpf', 'x86_64', '4.13.16', '4.14.0'],
    ['falcoctl-0.8.0', 'ebpf', 'aarch64', '4.16.1', '4.17.0'],
  ])(
    '%s asks for no %s probe on %s with Linux %s, but for one with %s',
    (id, kind, machine, older, oldest) => {
      const of = (release: string) =>
        asked(id, hostFacts({ ...RAW.arch, machine, release, version: '#1' }), { ...KMOD, kind })
      expect(of(`${older}-1`)).toBe('unsupported-kernel')
      expect(of(`${oldest}-1`)).toBe(`arch_${oldest}-1_1`)
      expect(
        asked('falcoctl-0.7.2', hostFacts({ ...RAW.arch, machine, release: `${older}-1`, version: '#1' })),
      ).toBe(`arch_${older}-1_1`)
    },
  )

  test('uses the release of uname -r if uname -v names no package of Debian', () => {
    const facts = hostFacts({ ...RAW.debian, version: '#1 SMP PREEMPT_DYNAMIC' })
    expect(asked('falcoctl-0.14.0', facts)).toBe('debian_6.1.0-56-amd64_1')
  })

  test('asks on Debian for the running kernel if only the release of another kernel is given', () => {
    // --kernelrelease without --kernelversion leaves uname -v as it is, which has the package's version.
    const facts = hostFacts({ ...RAW.debian, release: '6.1.0-57-amd64' })
    expect(asked('falcoctl-0.14.0', facts)).toBe(asked('falcoctl-0.14.0', host('debian')))
  })

  test.each<[HostId, string, string]>([
    ['talos', 'VERSION_ID', 'undetermined_6.1.54-talos_1'],
    ['bottlerocket', 'VARIANT_ID', 'undetermined_5.10.165_1'],
    ['flatcar', 'VERSION_ID', 'undetermined_6.1.62-flatcar_27'],
    ['amazon2', 'VERSION_ID', 'undetermined_5.10.130-118.517.amzn2.x86_64_1'],
    ['cos', 'BUILD_ID', 'undetermined_5.15.146+_1'],
  ])('asks nothing on %s without %s, which it names %s', (id, variable, name) => {
    const raw = RAW[id]
    const osRelease = 'osRelease' in raw ? raw.osRelease.replaceAll(variable, 'X') : undefined
    const facts = hostFacts({ ...raw, osRelease })
    const { target, kernelRelease, kernelVersion } = falcoctlIdentity(facts)
    expect(`${target}_${kernelRelease}_${kernelVersion}`).toBe(name)
    for (const { id, program } of CLIENTS)
      if (program === 'falcoctl')
        expect(asked(id, facts)).toMatch(/^(?:unknown-target|unsupported-kernel|malformed)$/)
  })

  test('crashes on a Flatcar without a semantic version, and asks nothing', () => {
    const osRelease = 'ID=flatcar\nVERSION_ID=3794.0'
    expect(asked('falcoctl-0.14.0', hostFacts({ ...RAW.flatcar, osRelease }))).toBe('unknown-target')
  })
})

describe('falco-driver-loader', () => {
  const LAST = 'falco-driver-loader-0.35.1'

  test.each<[string, HostId, string]>([
    [LAST, 'debian', 'debian_6.1.192-2-amd64_1'],
    [LAST, 'debianRt', 'debian_5.10.178-3-rt-amd64_2'],
    ['falco-driver-loader-0.35.0', 'debianRt', 'debian_5.10.178-3-amd64_2'],
    ['falco-driver-loader-0.34.0', 'debian', 'debian_6.1.0-56-amd64_1'],
    [LAST, 'ubuntu', 'ubuntu-generic_5.19.0-41-generic_42~22.04.1'],
    ['falco-driver-loader-0.35.0', 'ubuntu', 'ubuntu-generic_5.19.0-41-generic_42'],
    [LAST, 'ubuntuLowlatency', 'ubuntu-lowlatency_6.5.0-9-lowlatency_9'],
    ['falco-driver-loader-0.28.0', 'ubuntuLowlatency', 'ubuntu-generic_6.5.0-9-lowlatency_9'],
    [LAST, 'ubuntuAwsOld', 'ubuntu-aws_5.0.0-1028-aws-5.0_30'],
    ['falco-driver-loader-0.33.0', 'ubuntuAwsOld', 'ubuntu-aws-5.0_5.0.0-1028-aws-5.0_30'],
    ['falco-driver-loader-0.32.2', 'ubuntuAwsOld', 'ubuntu-aws_5.0.0-1028-aws-5.0_30'],
    ['falco-driver-loader-0.23.0', 'ubuntu', 'ubuntu-generic_5.19.0-41-generic_42'],
    ['falco-driver-loader-2020-04', 'ubuntu', 'ubuntu_5.19.0-41-generic_42'],
    [LAST, 'amazon2023', 'amazonlinux2023_6.1.52-71.125.amzn2023.aarch64_1'],
    ['falco-driver-loader-0.34.0', 'amazon2023', 'amazonlinux_6.1.52-71.125.amzn2023.aarch64_1'],
    ['falco-driver-loader-0.23.0', 'amazon2', 'amazonlinux2_5.10.130-118.517.amzn2.x86_64_1'],
    ['falco-driver-loader-0.32.1', 'flatcar', 'flatcar_3794.0.0_27'],
    ['falco-driver-loader-0.28.0', 'flatcar', 'flatcar_6.1.62-flatcar_27'],
    ['falco-driver-loader-0.33.0', 'minikube', 'minikube_5.10.57_1_1.26.0'],
    ['falco-driver-loader-0.32.2', 'minikube', 'buildroot_5.10.57_1'],
    ['falco-driver-loader-0.34.0', 'bottlerocket', 'bottlerocket_5.10.165_1_1.13.1-aws'],
    ['falco-driver-loader-0.33.0', 'bottlerocket', 'bottlerocket_5.10.165_1'],
    [LAST, 'talos', 'talos_6.1.54-talos_1_v1.5.3'],
    ['falco-driver-loader-0.34.0', 'talos', 'talos_6.1.54-talos_1'],
    [LAST, 'photon', 'photon_5.10.198-1.ph4_1'],
    [LAST, 'noId', '_5.15.96-0-virt_1'],
    [LAST, 'noOsRelease', 'unknown-target'],
  ])('%s asks on %s for %s', (client, id, name) => {
    expect(asked(client, host(id))).toBe(name)
  })

  test.each<[string, Wanted['kind'], string]>([
    [LAST, 'kmod', '/driver/10.2.0%2Bdriver/x86_64/falco_cos_5.15.146%2B_1.ko'],
    ['falco-driver-loader-0.32.1', 'kmod', '/driver/10.2.0%2Bdriver/x86_64/falco_cos_5.15.146%2B_1.ko'],
    ['falco-driver-loader-0.32.1', 'ebpf', '/driver/10.2.0%2Bdriver/falco_cos_5.15.146%2B_1.o'],
    ['falco-driver-loader-0.32.2', 'ebpf', '/driver/10.2.0%2Bdriver/x86_64/falco_cos_5.15.146%2B_1.o'],
    ['falco-driver-loader-0.23.0', 'kmod', '/driver/10.2.0%2Bdriver/falco_cos_5.15.146%2B_1.ko'],
    ['falco-driver-loader-2020-04', 'kmod', '/kernel-module/10.2.0%2Bdriver/falco_cos_5.15.146%2B_1.ko'],
    ['falco-driver-loader-2020-04', 'ebpf', '/ebpf-probe/10.2.0%2Bdriver/falco_cos_5.15.146%2B_1.o'],
  ])('%s writes every + of the URL of a %s as %%2B', (id, kind, path) => {
    const name = clientNames(host('cos'), { ...KMOD, kind }).find(({ client }) => client.id === id)
    expect(name?.path).toBe(path)
  })

  test('asks nothing on a minikube without a version, where falcoctl asks for buildroot', () => {
    const facts = hostFacts({ ...RAW.minikube, etcVersion: 'unknown' })
    expect(asked(LAST, facts)).toBe('unknown-target')
    expect(asked('falcoctl-0.14.0', facts)).toBe('buildroot_5.10.57_1')
  })
})

describe("sysdig's loaders", () => {
  const SCAP: Wanted = { driverVersion: '0.1.1dev+git', driverName: 'scap', kind: 'kmod' }
  const pathOf = (id: string, facts: HostFacts, wanted = SCAP) =>
    clientNames(facts, wanted).find(({ client }) => client.id === id)?.path

  test('scap-driver-loader asks below /scap-drivers, since 0.30 by arch', () => {
    const facts = host('ubuntuAws')
    expect(pathOf('scap-driver-loader-0.32.0', facts)).toBe(
      '/scap-drivers/0.1.1dev%2Bgit/x86_64/scap_ubuntu-aws_5.15.0-1009-aws_11.ko',
    )
    expect(pathOf('scap-driver-loader-0.28.0', facts)).toBe(
      '/scap-drivers/0.1.1dev%2Bgit/scap_ubuntu-aws_5.15.0-1009-aws_11.ko',
    )
    expect(pathOf('scap-driver-loader-0.32.0', facts, KMOD)).toBeUndefined()
  })

  test('the loaders before 2021 ask by release and config, and ask nothing without a config', () => {
    const facts = hostFacts({ ...RAW.cos, configMd5: 'd41d8cd98f00b204e9800998ecf8427e' })
    const ebpf: Wanted = { ...SCAP, driverVersion: '0.26.7', kind: 'ebpf' }
    expect(pathOf('sysdig-probe-loader', facts, ebpf)).toBe(
      '/stable/sysdig-probe-binaries/sysdig-probe-bpf-0.26.7-x86_64-5.15.146%2B-d41d8cd98f00b204e9800998ecf8427e.o',
    )
    expect(pathOf('falco-probe-loader', facts, { ...KMOD, driverVersion: '0.18.0' })).toBe(
      '/stable/sysdig-probe-binaries/falco-probe-0.18.0-x86_64-5.15.146%2B-d41d8cd98f00b204e9800998ecf8427e.ko',
    )
    expect(pathOf('falco-probe-loader', facts, ebpf)).toBeUndefined()
    expect(pathOf('sysdig-probe-loader', host('cos'), ebpf)).toBeUndefined()
  })
})

/** The kernel's part of the name that a loader of Falco asks for. */
function meantBy({ id, program }: Client, facts: HostFacts) {
  const version = id.slice(program.length + 1).replace('2020-04', APRIL_2020)
  if (program === 'falcoctl') return falcoctlIdentity(facts, version)
  return program === 'falco-driver-loader' ? bashLoaderIdentity(facts, version) : {}
}

describe('every client', () => {
  test('has an id of its own', () => {
    expect(new Set(CLIENTS.map(({ id }) => id)).size).toBe(CLIENTS.length)
  })

  test('follows redirects exactly if its layout allows them', () => {
    for (const id of Object.keys(RAW) as HostId[])
      for (const driverName of DRIVER_NAMES)
        for (const kind of KINDS)
          for (const { client, path } of clientNames(host(id), {
            driverVersion: '1.0.0',
            driverName,
            kind,
          })) {
            const { layout } = parse(path)
            expect(client.redirects > 0, `${client.id} ${layout}`).toBe(LAYOUTS[layout].redirects)
          }
  })

  const word = (alphabet: string, maxLength: number) =>
    fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength })
  const quoted = fc.oneof(
    fc.constantFrom(
      'debian',
      'ubuntu',
      'flatcar',
      'minikube',
      'bottlerocket',
      'talos',
      'amzn',
      'cos',
      'RHEL',
    ),
    word('aZ1._-+~/ %#', 12),
  )
  const hosts = fc.record({
    id: quoted,
    versionId: fc.oneof(fc.constantFrom('2', '3794.0.0', 'v1.5.3', '1_2'), word('v19.-_+~ ', 10)),
    release: fc.oneof(
      fc.constantFrom(...Object.values(RAW).map(({ release }) => release)),
      word('56.10-_+~amd64rtcloudx', 40),
    ),
    version: fc.oneof(
      fc.constantFrom(...Object.values(RAW).map(({ version }) => version)),
      // uname(2) never leaves it empty
      word('#126.~-Ubuntu SMP_+/', 40).filter((version) => version.trim() !== ''),
    ),
    machine: fc.constantFrom('x86_64', 'aarch64'),
    etcVersion: fc.option(word('v1.26-', 12), { nil: undefined }),
  })
  const wanted = fc.record({
    driverVersion: fc.oneof(
      fc.constantFrom('10.2.0+driver', 'e5c53d648f3c4694385bbe488e7d47eaa36c229a'),
      fc.string(),
    ),
    driverName: fc.constantFrom(...DRIVER_NAMES),
    kind: fc.constantFrom(...KINDS),
  })

  test('asks on any host for nothing, or for a path that is parsed to the same values', () => {
    let read = 0
    fc.assert(
      fc.property(hosts, wanted, ({ id, versionId, ...raw }, what) => {
        const osRelease = `ID="${id}"\nVERSION_ID="${versionId}"\nVARIANT_ID="${id}"\nBUILD_ID=1`
        const facts = hostFacts({ ...raw, osRelease })
        for (const { client, path } of clientNames(facts, what)) {
          expect(parseProbe(path).asked).toMatchObject({ ...what, ...meantBy(client, facts) })
          read += 1
        }
      }),
      { numRuns: 1500 },
    )
    expect(read).toBeGreaterThan(1000)
  })
})
