// Hosts from the field: the contents of their os-release and uname.

import type { Wanted } from '../../lib/clients/ask.ts'
import { clientAnswers } from '../../lib/clients/clients.ts'
import { type HostFacts, hostFacts, type RawFacts } from '../../lib/clients/facts.ts'

const os = (...lines: string[]) => `${lines.join('\n')}\n`
const X86 = { machine: 'x86_64' }
const ARM = { machine: 'aarch64' }

const DEBIAN_12 = os(
  'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"',
  'NAME="Debian GNU/Linux"',
  'VERSION_ID="12"',
  'VERSION="12 (bookworm)"',
  'VERSION_CODENAME=bookworm',
  'ID=debian',
  'HOME_URL="https://www.debian.org/"',
)
const UBUNTU_22 = os(
  'PRETTY_NAME="Ubuntu 22.04.4 LTS"',
  'NAME="Ubuntu"',
  'VERSION_ID="22.04"',
  'ID=ubuntu',
  'ID_LIKE=debian',
)

export const RAW = {
  debian: {
    ...X86,
    osRelease: DEBIAN_12,
    release: '6.1.0-56-amd64',
    version: '#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-10-20)',
  },
  debianCloud: {
    ...ARM,
    machine: 'arm64',
    osRelease: DEBIAN_12,
    release: '6.1.0-13-cloud-arm64',
    version: '#1 SMP Debian 6.1.55-1 (2023-09-29)',
  },
  debianRt: {
    ...X86,
    osRelease: DEBIAN_12,
    release: '5.10.0-0.deb10.22-rt-amd64',
    version: '#2 SMP PREEMPT_RT Debian 5.10.178-3~deb10u1 (2023-04-22)',
  },
  debianOwnKernel: { ...X86, osRelease: DEBIAN_12, release: '6.1.55-mine', version: '#39 SMP PREEMPT' },
  trixie: {
    ...X86,
    osRelease: DEBIAN_12.replaceAll('12', '13'),
    release: '6.12.57+deb13-amd64',
    version: '#1 SMP PREEMPT_DYNAMIC Debian 6.12.57-1 (2025-11-05)',
  },
  proxmox: {
    ...X86,
    osRelease: DEBIAN_12,
    release: '6.8.12-4-pve',
    version: '#1 SMP PREEMPT_DYNAMIC PMX 6.8.12-4 (2024-11-06T15:04Z)',
  },
  raspberryPi: {
    ...ARM,
    osRelease: DEBIAN_12,
    release: '6.12.34+rpt-rpi-2712',
    version: '#1 SMP PREEMPT Debian 1:6.12.34-1+rpt1~bookworm (2025-06-26)',
  },
  raspbian: {
    ...ARM,
    osRelease: DEBIAN_12.replace('ID=debian', 'ID=raspbian'),
    release: '6.12.34+rpt-rpi-v8',
    version: '#1 SMP PREEMPT Debian 1:6.12.34-1+rpt1~bookworm (2025-06-26)',
  },
  ubuntu: {
    ...X86,
    osRelease: UBUNTU_22,
    release: '5.19.0-41-generic',
    version: '#42~22.04.1-Ubuntu SMP PREEMPT_DYNAMIC Tue Apr 18 17:40:00 UTC 2',
  },
  ubuntuAws: { ...X86, osRelease: UBUNTU_22, release: '5.15.0-1009-aws', version: '#11-Ubuntu SMP Thu' },
  ubuntuAwsOld: {
    ...X86,
    osRelease: UBUNTU_22,
    release: '5.0.0-1028-aws-5.0',
    version: '#30-Ubuntu SMP Thu',
  },
  ubuntuLowlatency: {
    ...X86,
    osRelease: UBUNTU_22,
    release: '6.5.0-9-lowlatency',
    version: '#9.1-Ubuntu SMP',
  },
  ubuntuRaspi2: {
    ...ARM,
    osRelease: UBUNTU_22,
    release: '4.15.0-1030-raspi2',
    version: '#32-Ubuntu SMP PREEMPT',
  },
  pop: {
    ...X86,
    osRelease: os('NAME="Pop!_OS"', 'VERSION_ID="22.04"', 'ID=pop', 'ID_LIKE="ubuntu debian"'),
    release: '6.9.3-76060903-generic',
    version: '#202405300957~1726766035~22.04~4092a0e SMP PREEMPT_DYNAM',
  },
  mint: {
    ...X86,
    osRelease: os('ID=linuxmint', 'ID_LIKE="ubuntu debian"', 'VERSION_ID="21.2"'),
    release: '5.15.0-89-generic',
    version: '#99-Ubuntu SMP Mon Oct 30 20:42:41 UTC 2023',
  },
  amazon1: {
    ...X86,
    osRelease: os('NAME="Amazon Linux AMI"', 'ID="amzn"', 'ID_LIKE="rhel fedora"', 'VERSION_ID="2018.03"'),
    release: '4.14.355-196.647.amzn1.x86_64',
    version: '#1 SMP Thu',
  },
  amazon2: {
    ...X86,
    osRelease: os('NAME="Amazon Linux"', 'VERSION="2"', 'ID="amzn"', 'VERSION_ID="2"'),
    release: '5.10.130-118.517.amzn2.x86_64',
    version: '#1 SMP Wed Jul 13 21:56:17 UTC 2022',
  },
  amazon2023: {
    ...ARM,
    osRelease: os('NAME="Amazon Linux"', 'VERSION="2023"', 'ID="amzn"', 'VERSION_ID="2023"'),
    release: '6.1.52-71.125.amzn2023.aarch64',
    version: '#1 SMP Tue Sep 12 21:41:50 UTC 2023',
  },
  rhel: {
    ...X86,
    osRelease: os('NAME="Red Hat Enterprise Linux"', 'ID="rhel"', 'ID_LIKE="fedora"', 'VERSION_ID="8.10"'),
    release: '4.18.0-553.el8_10.x86_64',
    version: '#1 SMP Fri May 10 15:19:13 EDT 2024',
  },
  rhcos: {
    ...X86,
    osRelease: os('ID="rhcos"', 'ID_LIKE="rhel fedora"', 'VERSION_ID="4.14"', 'OSTREE_VERSION=414.92'),
    release: '5.14.0-284.36.1.el9_2.x86_64',
    version: '#1 SMP PREEMPT_DYNAMIC Thu Oct 5 08:11:31 EDT 2023',
  },
  centos: {
    ...X86,
    osRelease: os('NAME="CentOS Linux"', 'ID="centos"', 'VERSION_ID="7"'),
    release: '3.10.0-1160.119.1.el7.x86_64',
    version: '#1 SMP Tue Jun 4 14:43:51 UTC 2024',
  },
  almalinux: {
    ...X86,
    osRelease: os('NAME="AlmaLinux"', 'ID="almalinux"', 'VERSION_ID="9.2"'),
    release: '5.14.0-284.30.1.el9_2.x86_64',
    version: '#1 SMP PREEMPT_DYNAMIC Fri',
  },
  rocky: {
    ...X86,
    osRelease: os('NAME="Rocky Linux"', 'ID="rocky"', 'VERSION_ID="9.3"'),
    release: '5.14.0-362.8.1.el9_3.x86_64',
    version: '#1 SMP PREEMPT_DYNAMIC',
  },
  oracle: {
    ...X86,
    osRelease: os('NAME="Oracle Linux Server"', 'ID="ol"', 'VERSION_ID="8.8"'),
    release: '5.4.17-2136.323.8.2.el8uek.x86_64',
    version: '#2 SMP Mon Sep 18 18:09:39 PDT 2023',
  },
  opensuse: {
    ...X86,
    osRelease: os(
      'NAME="openSUSE Leap"',
      'ID="opensuse-leap"',
      'ID_LIKE="suse opensuse"',
      'VERSION_ID="15.5"',
    ),
    release: '5.14.21-150500.55.31-default',
    version: '#1 SMP PREEMPT_DYNAMIC Thu Sep 14 05:36:27 UTC 2023 (abcdef0)',
  },
  arch: {
    ...X86,
    osRelease: os('NAME="Arch Linux"', 'ID=arch', 'BUILD_ID=rolling'),
    release: '6.6.1-arch1-1',
    version: '#1 SMP PREEMPT_DYNAMIC Wed, 08 Nov 2023 16:05:38 +0000',
  },
  photon: {
    ...X86,
    osRelease: os('NAME="VMware Photon OS"', 'ID=photon', 'VERSION_ID=4.0'),
    release: '5.10.198-1.ph4',
    version: '#1-photon SMP Thu Oct 19 00:00:00 UTC 2023',
  },
  flatcar: {
    ...X86,
    osRelease: os('NAME="Flatcar Container Linux by Kinvolk"', 'ID=flatcar', 'VERSION_ID=3794.0.0'),
    release: '6.1.62-flatcar',
    version: '#27 SMP PREEMPT_DYNAMIC Mon Nov 20 22:57:52 -00 2023',
  },
  minikube: {
    ...X86,
    osRelease: os('NAME=Buildroot', 'VERSION=2021.02.12', 'ID=buildroot', 'VERSION_ID=2021.02.12'),
    release: '5.10.57',
    version: '#1 SMP Mon Nov 7 01:36:54 UTC 2022',
    etcVersion: 'v1.26.0-1655407986-14197\n',
  },
  bottlerocket: {
    ...ARM,
    osRelease: os('NAME=Bottlerocket', 'ID=bottlerocket', 'VARIANT_ID=aws-k8s-1.28', 'VERSION_ID=1.13.1'),
    release: '5.10.165',
    version: '#1 SMP Thu Mar 9',
  },
  talos: {
    ...X86,
    osRelease: os('NAME="Talos"', 'ID=talos', 'VERSION_ID=v1.5.3'),
    release: '6.1.54-talos',
    version: '#1 SMP Thu Sep 21 12:38:22 UTC 2023',
  },
  cos: {
    ...X86,
    osRelease: os('NAME="Container-Optimized OS"', 'ID=cos', 'VERSION_ID=109', 'BUILD_ID=17800.147.22'),
    release: '5.15.146+',
    version: '#1 SMP Sat Mar 9 12:01:49 UTC 2024',
  },
  alpine: {
    ...X86,
    osRelease: os('NAME="Alpine Linux"', 'ID=alpine', 'VERSION_ID=3.18.4'),
    release: '6.1.55-0-lts',
    version: '#1-Alpine SMP PREEMPT_DYNAMIC',
  },
  tencent: {
    ...X86,
    osRelease: os('ID="tencentos"', 'VERSION_ID="3.1"'),
    release: '5.4.119-19.0009.28',
    version: '#1 SMP Thu',
  },
  noId: { ...X86, osRelease: os('NAME=Thing'), release: '5.15.96-0-virt', version: '#1 SMP' },
  noOsRelease: { ...X86, release: '5.15.96-0-virt', version: '#1 SMP' },
} satisfies Record<string, RawFacts>

export type HostId = keyof typeof RAW

export const host = (id: HostId): HostFacts => hostFacts(RAW[id])

/** The paths that the clients request on a host; clients that request nothing there are left out. */
export const clientNames = (facts: HostFacts, wanted: Wanted) =>
  clientAnswers(facts, wanted).filter((answer) => 'path' in answer)
