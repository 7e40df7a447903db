// Tests which patches a config shows. The options are those of real configs of each distribution.

import { describe, expect, test } from 'vitest'
import { parseKconfig } from '../../../lib/kconfig/parse.ts'
import { hasOwnSource, patchedReason, patchedWith, patchesIn } from '../../../lib/kconfig/patched.ts'
import { realConfig } from '../../support/kconfig/vectors.ts'

const patches = (text: string, release = '5.14.0-427.el9.x86_64') => patchesIn(parseKconfig(text), release)

describe("a config with an option that kernel.org's kernels do not have", () => {
  test.each<[string, string, string]>([
    ['redhat', 'RHEL_DIFFERENCES=y', 'Rocky Linux 9'],
    ['redhat', 'RH_KABI_SIZE_ALIGN_CHECKS=y', 'Red Hat 8.1'],
    ['several', 'LOCK_DOWN_IN_EFI_SECURE_BOOT=y', 'Fedora'],
    ['several', 'EFI_SECURE_BOOT_LOCK_DOWN=y', 'a kernel with it alone'],
    ['several', 'USER_NS_UNPRIVILEGED=y', 'Arch Linux'],
    ['suse', 'SUSE_KERNEL=y', 'openSUSE Leap'],
    ['suse', 'SUSE_VERSION=15', 'SLES'],
    ['ubuntu', 'UBUNTU_ODM_DRIVERS=y', 'Proxmox VE'],
    ['ubuntu', 'VERSION_SIGNATURE="Ubuntu 5.4.0-1060.63~18.04.1-aws 5.4.143"', 'Ubuntu 18.04'],
    ['amazon', 'AMAZON_ENA_ETHERNET=m', 'Amazon Linux'],
    ['amazon', 'SYSGENID=y', "Firecracker's guest"],
    ['oracle', 'DTRACE=y', 'UEK 4'],
    ['android', 'ANDROID_KABI_RESERVE=y', 'GKI'],
    ['cos', 'SECURITY_CONTAINER_MONITOR=y', 'Container-Optimized OS'],
    ['microsoft', 'DXGKRNL=y', 'WSL2'],
    ['raspberrypi', 'BCM_VCIO=y', 'Raspberry Pi OS'],
    ['synology', 'SYNO_FEATURES=y', 'DSM'],
    ['openvz', 'VE=y', 'OpenVZ'],
    ['grsecurity', 'GRKERNSEC=y', 'grsecurity'],
    ['hardened', 'SLAB_CANARY=y', 'NixOS, hardened'],
    ['desktop', 'SCHED_BORE=y', 'CachyOS'],
    ['realtime', 'PREEMPT_RT_FULL=y', 'real time, 4.19'],
    ['debian', 'SECURITY_PERF_EVENTS_RESTRICT=y', 'Debian'],
  ])('shows patches of %s with CONFIG_%s (%s)', (by, line) => {
    const found = patches(`CONFIG_X86_64=y\nCONFIG_${line}\n`)
    expect(found).toEqual({ by, option: `CONFIG_${line.split('=')[0]}` })
    expect(patchedReason(found!)).toMatch(
      /^this is the config of a patched kernel .+ \(CONFIG_\w+\): its structures differ from those in kernel\.org's source, .*kernelurls.*modern_bpf.*force=true/,
    )
  })

  test('belongs to the distribution with options of its own, if several share a patch', () => {
    const shared = 'CONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT=y\nCONFIG_SECURITY_PERF_EVENTS_RESTRICT=y\n'
    expect(patches(`${shared}CONFIG_RHEL_DIFFERENCES=y\n`)?.by).toBe('redhat')
    expect(patches(shared)?.by).toBe('debian')
    expect(patches(`${shared}CONFIG_PREEMPT_RT=y\n`, '6.1.0-56-rt-amd64')?.by).toBe('realtime')
  })

  test('is recognized among real configs', () => {
    const real = (name: string, release: string) => patchesIn(realConfig(name), release)?.by
    expect(real('debian_6.1.0-56-amd64', '6.1.192')).toBe('debian')
    expect(real('bottlerocket_6.1.49_1_1.15.0-vmware', '6.1.49')).toBe('amazon')
    expect(real('talos_6.1.54-talos_1_v1.5.3', '6.1.54')).toBeUndefined()
    expect(real('minikube_5.10.57_1_1.31.2', '5.10.57')).toBeUndefined()
  })
})

test.each([
  '# CONFIG_RHEL_DIFFERENCES is not set',
  'CONFIG_VERSION_SIGNATURE=""',
  'CONFIG_RHEL_DIFFERENCES_OF_MINE=y',
  'CONFIG_ANDROID_BINDER_IPC=y',
])('%s shows no patches', (line) => {
  expect(patches(`CONFIG_X86_64=y\n${line}\n`)).toBeUndefined()
})

test('the real-time option is a patch until kernel.org has it', () => {
  const text = 'CONFIG_PREEMPT_RT=y\n'
  expect(patches(text, '6.11.9')?.by).toBe('realtime')
  expect(patches(text, '6.12.0')).toBeUndefined()
  expect(patches(text, '7.0.1')).toBeUndefined()
})

test('only Debian has a package of its patched source to build from', () => {
  expect(hasOwnSource(patchedWith('CONFIG_X86_X32_DISABLED'))).toBe(true)
  expect(hasOwnSource(patchedWith('CONFIG_RHEL_DIFFERENCES'))).toBe(false)
  expect(hasOwnSource(patchedWith('CONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT'))).toBe(false)
})

test('a recorded option that is no longer in the table still shows a patched kernel', () => {
  expect(patchedWith('CONFIG_OF_BEFORE')).toEqual({ by: 'several', option: 'CONFIG_OF_BEFORE' })
})
