import { describe, expect, test } from 'vitest'
import { archKernel } from '../../../../lib/kernels/arch/names.ts'
import { checkKernel, targetsOf } from '../../../../lib/kernels/targets.ts'
import type { Arch } from '../../../../lib/model/probe.ts'

const probe = { driverVersion: '1', driverName: 'falco', target: 'arch', kind: 'kmod' } as const

test.each([
  ['x86_64', '6.6.1-arch1-1', 'linux', ['6.6.1.arch1-1'], 'core'],
  ['x86_64', '6.12.0-arch1-1', 'linux', ['6.12.arch1-1', '6.12.0.arch1-1'], 'core'],
  ['x86_64', '6.7.2-arch1-2', 'linux', ['6.7.2.arch1-2'], 'core'],
  ['x86_64', '4.14.11-1-ARCH', 'linux', ['4.14.11-1'], 'core'],
  ['x86_64', '6.1.62-1-lts', 'linux-lts', ['6.1.62-1'], 'core'],
  ['x86_64', '6.6.1-zen1-1-zen', 'linux-zen', ['6.6.1.zen1-1'], 'extra'],
  ['x86_64', '6.5.11-hardened1-1-hardened', 'linux-hardened', ['6.5.11.hardened1-1'], 'extra'],
  ['x86_64', '4.18.6.a-1-hardened', 'linux-hardened', ['4.18.6.a-1'], 'extra'],
  ['x86_64', '7.2.5-rt3-arch1-1-rt', 'linux-rt', ['7.2.5.rt3.arch1-1'], 'extra'],
  ['x86_64', '6.14.0-rt3-arch1-1-rt', 'linux-rt', ['6.14.rt3.arch1-1', '6.14.0.rt3.arch1-1'], 'extra'],
  ['x86_64', '6.5.2.8.realtime1-1-rt', 'linux-rt', ['6.5.2.8.realtime1-1'], 'extra'],
  ['x86_64', '5.15.96.61.realtime1-1-rt-lts', 'linux-rt-lts', ['5.15.96.61.realtime1-1'], 'extra'],
  ['x86_64', '6.1.62-1.1-lts', 'linux-lts', ['6.1.62-1.1'], 'core'],
  ['aarch64', '7.2.8-1-aarch64-ARCH', 'linux-aarch64', ['7.2.8-1'], 'core'],
  ['aarch64', '7.2.0-1-aarch64-ARCH', 'linux-aarch64', ['7.2-1', '7.2.0-1'], 'core'],
  ['aarch64', '7.2.0-rc7-1-aarch64-rc-ARCH', 'linux-aarch64-rc', ['7.2.rc7-1', '7.2.0.rc7-1'], 'core'],
  ['aarch64', '6.18.45-1-rpi', 'linux-rpi', ['6.18.45-1'], 'core'],
  ['aarch64', '6.18.45-1-rpi-16k', 'linux-rpi-16k', ['6.18.45-1'], 'core'],
] as const)('%s %s is in the package %s, version %j, of %s', (arch, release, name, versions, repository) => {
  expect(archKernel(release, arch)).toMatchObject({ name, versions, repository })
  expect(() => checkKernel({ ...probe, arch, kernelRelease: release, kernelVersion: '1' })).not.toThrow()
})

describe('a release is refused if it', () => {
  test.each<[string, string, Arch]>([
    ["is Debian's", '6.1.0-13-amd64', 'x86_64'],
    ["is Ubuntu's", '6.2.0-26-generic', 'x86_64'],
    ["is Fedora's", '6.11.4-301.fc41.x86_64', 'x86_64'],
    ["is Photon's", '4.19.112-9.ph3', 'x86_64'],
    ["is one's own", '6.6.1-arch1-1-custom', 'x86_64'],
    ['has a plain name', '6.6.1', 'x86_64'],
    ['is of another architecture', '6.6.1-arch1-1', 'aarch64'],
    ['is of the other architecture', '7.2.8-1-aarch64-ARCH', 'x86_64'],
    ['looks like a command', '6.6.1-arch1-1; rm -rf /', 'x86_64'],
    ['looks like a substitution', '$(id)-arch1-1', 'x86_64'],
    ['looks like a path', '../../6.6.1-arch1-1', 'x86_64'],
    ['has two lines', '6.6.1-arch1-1\nx', 'x86_64'],
    ['is too long', `6.6.1-${'1'.repeat(300)}-lts`, 'x86_64'],
  ])('%s: %s', (_, kernelRelease, arch) => {
    expect(() => checkKernel({ ...probe, arch, kernelRelease, kernelVersion: '1' })).toThrow(
      /is not the release of an? \w+ kernel of Arch Linux, such as .*not Arch's own/,
    )
  })
})

test('a name without a target can mean Arch if no other distribution names its kernels so', () => {
  const asked = {
    ...({ driverVersion: '1', driverName: 'falco', kind: 'kmod', arch: 'x86_64' } as const),
    configMd5: '0'.repeat(32),
  }
  expect(targetsOf({ ...asked, unameRelease: '6.6.1-arch1-1' })).toContain('arch')
  expect(targetsOf({ ...asked, unameRelease: '6.1.0-13-amd64' })).not.toContain('arch')
})
