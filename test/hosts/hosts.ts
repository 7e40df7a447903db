// Provides the hosts of the test: their names, their files of the kernel, and the output of their kernel's tools.

import { gzipSync } from 'node:zlib'
import type { RawFacts } from '../../lib/clients/facts.ts'
import type { Http, Shell } from '../support/client/host.ts'
import { RAW } from '../support/hosts.ts'
import { fieldBytes, fieldText } from '../support/kconfig/field.ts'
import { configText } from '../support/kconfig/vectors.ts'
import { DRIVER_VERSION } from '../support/registry/registry.ts'
import type { World } from './world.ts'

export interface HostRow {
  /** file name of its transcript */
  readonly id: string
  /** a description for the reader of the transcript */
  readonly about: string
  readonly raw: RawFacts
  /** its kernel's config, and its path on the host: by default `boot/config-RELEASE` */
  readonly config?: { readonly bytes: Uint8Array; readonly at?: string }
  /** further files, by their path on the host */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** bodies of scripts that replace the kernel's tools */
  readonly tools?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** `undefined`: not set */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly http?: Http
  readonly without?: readonly string[]
  /** the shells that it may have; by default both */
  readonly shells?: readonly Shell[]
  /** number of the loader's runs */
  readonly runs?: number
}

/** The driver that Debian's stable release packages: any machine can download it, and it does not change. */
export const SCAP = { DRIVER_NAME: 'scap', DRIVER_VERSION }
/** The driver of the next release, which compiles for newer kernels. It does not change either. */
const NEWER = { DRIVER_VERSION: '0.20.0' }
const FALCO = { DRIVER_NAME: 'falco', DRIVER_VERSION: '11.0.0+driver' }

const os = (...lines: string[]): string => `${lines.join('\n')}\n`
const X86 = { machine: 'x86_64' } as const

/** A host with one of the collected configs of real kernels, at /proc/config.gz. */
function field(
  id: string,
  about: string,
  file: string,
  raw: Omit<RawFacts, 'machine'> & { readonly machine?: string },
  more: Partial<HostRow> = {},
): HostRow {
  return {
    ...{ id, about },
    raw: { machine: 'x86_64', ...raw },
    config: { bytes: fieldBytes(`${file}.config.gz`), at: 'proc/config.gz' },
    ...more,
  }
}

const DEBIAN_OS = os('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"', 'ID=debian', 'VERSION_ID="12"')

/** Hosts with Debian's own kernel. The registry has built its probe before they ask. */
function debianHosts({ kernel }: World): HostRow[] {
  const version = kernel.release.replace(/-amd64$/, '')
  const raw: RawFacts = {
    ...X86,
    osRelease: DEBIAN_OS,
    release: kernel.unameRelease,
    version: `#1 SMP PREEMPT_DYNAMIC Debian ${version} (2026-10-20)`,
  }
  // The config of the kernel that the archive has, so the archive has its source, too.
  const linux = version.replace(/-.*/, '')
  const config = Buffer.from(configOf(linux), 'latin1')
  const insmod = (words: string, ...dmesg: string[]): Pick<HostRow, 'tools'> => ({
    tools: {
      insmod: `echo "insmod: ERROR: could not insert module $1: ${words}" >&2; exit 1`,
      dmesg: `cat <<'END'\n${dmesg.map((line) => `[ 1234.5] ${line}\n`).join('')}END`,
    },
  })
  const on = (id: string, about: string, more: Partial<HostRow>): HostRow => ({ id, about, raw, ...more })
  const SECURE_BOOT = { 'sys/firmware/efi/efivars/SecureBoot-8be4df61': Buffer.from([6, 0, 0, 0, 1]) }
  return [
    on('debian-12', "Debian 12 with Debian's own kernel: the ordinary case", {}),
    on('debian-12-again', 'the same, which runs the loader at every boot', { runs: 2 }),
    on('debian-12-ebpf', 'the same, for the legacy eBPF probe', { args: ['bpf'] }),
    on('debian-12-busybox', 'the same with the tools of busybox only', { http: 'busybox wget' }),
    on(
      'debian-12-backports-kernel',
      "a kernel of backports that stable's kernel shares its name with; it has its config",
      {
        raw: { ...raw, release: '6.1.0-0.deb11.99-amd64' },
        config: { bytes: config },
      },
    ),
    on('debian-12-backports-kernel-no-config', 'the same, and there is no config of it on the host', {
      raw: { ...raw, release: '6.1.0-0.deb11.99-amd64' },
    }),
    on('debian-12-next-boot', 'an image that is prepared for the kernel of its next boot', {
      raw: { ...raw, release: '6.1.0-1-amd64', version: '#1 SMP Debian 6.1.4-1 (2023-01-07)' },
      env: { DRIVER_KERNEL_RELEASE: kernel.unameRelease, DRIVER_KERNEL_VERSION: raw.version },
    }),
    on('debian-12-file-exists', 'an older module of the same name is loaded, and stays', {
      files: { 'sys/module/scap/version': '0.20.0\n' },
      ...insmod('File exists', 'scap: module is already loaded'),
    }),
    on('debian-12-secure-boot', 'Secure Boot is on, and the module is signed by no key of the machine', {
      ...insmod('Key was rejected by service', 'Loading of unsigned module is rejected'),
      files: SECURE_BOOT,
    }),
    on('debian-12-sig-enforce', 'module.sig_enforce=1 is on the command line', {
      ...insmod('Required key not available', 'Loading of unsigned module is rejected'),
      files: { 'sys/module/module/parameters/sig_enforce': 'Y\n' },
    }),
    on('debian-12-lockdown', 'the kernel is locked down', {
      ...insmod(
        'Operation not permitted',
        'Lockdown: insmod: unsigned module loading is restricted; see man kernel_lockdown.7',
      ),
      files: { 'sys/kernel/security/lockdown': 'none [integrity] confidentiality\n' },
    }),
    on('debian-12-selinux', 'SELinux forbids the load', {
      ...insmod(
        'Permission denied',
        'audit: type=1400 audit(1700000000.1:99): avc:  denied  { module_load } for  pid=42 comm="insmod" path="/root/.falco/x.ko" scontext=system_u:system_r:container_t:s0 tcontext=system_u:object_r:var_t:s0 tclass=system permissive=0',
      ),
      files: { 'sys/fs/selinux/enforce': '1' },
    }),
    on('debian-12-unknown-symbol', 'the kernel does not know a symbol', {
      ...insmod('Unknown symbol in module', 'scap: Unknown symbol tracepoint_probe_register (err -2)'),
    }),
    on('debian-12-symbol-versions', 'the kernel checks the versions of symbols', {
      ...insmod('Invalid argument', 'scap: disagrees about version of symbol module_layout'),
    }),
    on('debian-12-vermagic', 'the module is of another kernel', {
      ...insmod(
        'Invalid module format',
        "scap: version magic '6.1.0-56-amd64 SMP' should be '6.1.0-55-amd64 SMP'",
      ),
    }),
    on('debian-12-in-use', 'a module of the same name is loaded, and Falco runs', {
      files: {
        'proc/modules': 'scap 1000 1 - Live 0x0\n',
        'sys/module/scap/version': '0.20.0\n',
        'sys/module/scap/srcversion': '0123456789ABCDEF0123456\n',
      },
      tools: { rmmod: 'echo "rmmod: ERROR: Module scap is in use" >&2; exit 1' },
      env: { MAX_RMMOD_WAIT: '1' },
    }),
    on('debian-12-no-gpgv', 'gpgv is not installed', { without: ['gpgv'] }),
    on('debian-12-no-key', 'nobody gave it the key of the registry', {
      env: { FALCO_PROBES_KEY: undefined },
    }),
    // busybox has a wget of its own.
    on('debian-12-no-http', 'neither curl nor wget is installed', { without: ['curl'], shells: ['dash'] }),
    on('void-6.1', 'Void Linux, whose kernel the registry names otherwise than the host does', {
      raw: {
        ...X86,
        osRelease: os('ID="void"'),
        release: `${linux}_1`,
        version: '#1 SMP PREEMPT_DYNAMIC Thu Oct 1 2026',
      },
      // Void builds from kernel.org's source, so its config has no options of Debian's patches.
      config: {
        at: 'proc/config.gz',
        bytes: gzipSync(unpatched(configOf(linux))),
      },
      runs: 2,
    }),
    on('debian-12-kernel-gone', 'a kernel that the archive has no more, without a config', {
      raw: {
        ...raw,
        release: '6.1.0-9-amd64',
        version: '#1 SMP PREEMPT_DYNAMIC Debian 6.1.27-1 (2023-05-08)',
      },
    }),
    on('debian-12-driver-without-suffix', 'a driver version without its suffix', {
      env: { DRIVER_NAME: 'falco', DRIVER_VERSION: '7.3.0' },
    }),
    on('debian-12-driver-unknown', 'a driver version that nobody has', { env: { DRIVER_VERSION: '99.1' } }),
    on('debian-12-driver-by-commit', "Falco's master, which asks by commit", {
      env: { DRIVER_NAME: 'falco', DRIVER_VERSION: '7edc38fb3a7cb7c2ab1b7cf2ee9c1e8ea6b7b5a1' },
    }),
    on('debian-12-driver-too-old', 'a driver that is older than the kernel', {
      raw: {
        ...raw,
        release: '6.12.111+deb12-amd64',
        version: '#1 SMP Debian 6.12.111-1~deb12u1 (2026-10-20)',
      },
    }),
    on('debian-12-ebpf-of-today', 'a legacy eBPF probe of a driver that has none any more', {
      args: ['bpf'],
      env: FALCO,
    }),
    on('debian-12-no-repository', 'DRIVERS_REPO is not set', { env: { DRIVERS_REPO: undefined } }),
    on('debian-12-proxy-407', 'a proxy wants a password', {
      env: { http_proxy: 'PROXY_DENYING', no_proxy: '' },
    }),
    on('debian-12-login-page', 'the network of a hotel answers everything with a page', {
      env: { http_proxy: 'PROXY_LOGIN', no_proxy: '' },
    }),
    on('debian-12-registry-away', 'nothing listens where the registry should be', {
      env: { DRIVERS_REPO: 'NOBODY/driver' },
    }),
    on('debian-12-two-repositories', 'the first of two registries is away', {
      env: { DRIVERS_REPO: 'NOBODY/driver;REGISTRY/driver' },
    }),
    on('debian-12-odd-etc-version', 'an /etc/VERSION of something else', {
      raw: { ...raw, etcVersion: 'Grün 1.0 \u2014 build 7\n' },
      args: ['--compile'],
      config: { bytes: config },
    }),
    on('debian-12-config-of-another', 'the config in /boot is of another kernel', {
      args: ['--compile'],
      config: { bytes: Buffer.from(fieldText('alpine_4.19.36-vanilla.config.gz')) },
    }),
    on('debian-12-config-broken', 'the config in /boot was cut off', {
      args: ['--compile'],
      config: { bytes: Buffer.from('CONFIG_X86_64=y\nCONFIG_MODU') },
    }),
  ]
}

/** Debian's config for a version of its kernel. */
const configOf = (linux: string): string => configText('debian_6.1.0-56-amd64').replaceAll('6.1.192', linux)

/** The config without the options that show a distribution's patches. */
const unpatched = (config: string): string => config.replaceAll(DISTRIBUTIONS_OWN, '')
const DISTRIBUTIONS_OWN =
  /^.*(?:X86_X32_DISABLED|SECURITY_PERF_EVENTS_RESTRICT|LOCK_DOWN_IN_EFI_SECURE_BOOT|AMAZON_|SYSGENID).*\n/gm

/** Real hosts that ask by name. Their archives are those of test/hosts/world.ts. */
const NAMED: readonly HostRow[] = (
  [
    ['ubuntu', 'Ubuntu 22.04 with a kernel that the archive has no more'],
    ['ubuntuAws', 'Ubuntu on AWS'],
    ['pop', 'Pop!_OS'],
    ['mint', 'Linux Mint with a kernel of Ubuntu'],
    ['rhel', 'Red Hat Enterprise Linux 8, of which the registry has no mirror'],
    ['rhcos', 'a node of OpenShift'],
    ['centos', 'CentOS 7'],
    ['almalinux', 'AlmaLinux 9'],
    ['rocky', 'Rocky Linux 9'],
    ['oracle', 'Oracle Linux 8 with the UEK'],
    ['amazon1', 'Amazon Linux 1, which is dead'],
    ['amazon2', 'Amazon Linux 2'],
    ['amazon2023', 'Amazon Linux 2023 on Graviton'],
    ['opensuse', 'openSUSE Leap 15.5'],
    ['photon', 'Photon OS 4'],
    ['arch', 'Arch Linux'],
    ['flatcar', 'Flatcar'],
    ['minikube', 'minikube, whose machine has no config'],
    ['bottlerocket', 'Bottlerocket on Graviton'],
    ['talos', 'Talos'],
    ['cos', 'Container-Optimized OS'],
    ['alpine', 'Alpine without a config'],
    ['tencent', 'TencentOS'],
    ['proxmox', 'Proxmox VE'],
    ['raspberryPi', 'Raspberry Pi OS, 64 bits'],
    ['noId', 'an os-release without ID'],
    ['noOsRelease', 'no os-release at all'],
  ] as const
).map(([host, about]) => ({ id: `${host.toLowerCase()}-by-name`, about, raw: RAW[host] }))

/** Hosts that have the config of their kernel. */
const SUBMITTING: readonly HostRow[] = [
  field('ubuntu-24.04', 'Ubuntu 24.04: no probe needed', 'ubuntu_6.8.0-52-generic', {
    osRelease: os('ID=ubuntu', 'VERSION_ID="24.04"'),
    release: '6.8.0-52-generic',
    version: '#53-Ubuntu SMP PREEMPT_DYNAMIC Sat Jan 11 00:06:25 UTC 2025',
  }),
  field('proxmox-8', 'Proxmox VE 8, whose archive is away', 'debian_6.8.12-4-pve', RAW.proxmox),
  field('void', 'Void Linux', 'void_7.0.7_1', {
    osRelease: os('ID="void"'),
    release: '7.0.7_1',
    version: '#1 SMP PREEMPT_DYNAMIC Thu Oct 1 2026',
  }),
  field(
    'raspberry-pi-own',
    'Raspberry Pi OS with a kernel that falcoctl cannot read',
    'amzn_6.1.141-165.249.amzn2023.aarch64',
    {
      machine: 'aarch64',
      osRelease: DEBIAN_OS,
      release: '6.1.141-v8+',
      version: '#1654 SMP PREEMPT Mon Apr 3 17:35:29 BST 2023',
    },
    // The vectors have no config of such a kernel. This one is of the same machine and version.
    {
      config: {
        bytes: gzipSync(unpatched(fieldText('amzn_6.1.141-165.249.amzn2023.aarch64.config.gz'))),
        at: 'proc/config.gz',
      },
    },
  ),
  field('raspbian-32', 'Raspbian of 32 bits', 'raspbian_5.10.17-v7l+', {
    machine: 'armv7l',
    osRelease: os('ID=raspbian', 'VERSION_ID="10"'),
    release: '5.10.17-v7l+',
    version: '#1403 SMP Mon Feb 22 11:33:35 GMT 2021',
  }),
  field('alpine-4.19', 'Alpine with its config', 'alpine_4.19.36-vanilla', {
    osRelease: os('ID=alpine', 'VERSION_ID=3.10.0'),
    release: '4.19.36-0-vanilla',
    version: '#1-Alpine SMP Mon Apr 22 2019',
  }),
  field('gentoo-no-tracepoints', 'a kernel without tracepoints', 'gentoo_4.17.11-pentoo', {
    osRelease: os('ID=gentoo'),
    release: '4.17.11-pentoo',
    version: '#1 SMP Sat Aug 4 2018',
  }),
  field('nixos-hardened', 'a kernel with shuffled structures', 'nixos_6.6.32-hardened1', {
    osRelease: os('ID=nixos', 'VERSION_ID="24.05"'),
    release: '6.6.32-hardened1',
    version: '#1-NixOS SMP PREEMPT_DYNAMIC Sat May 25 2024',
  }),
  field('kali', 'Kali', 'kali_4.17.0-kali1-amd64', {
    osRelease: os('ID=kali', 'ID_LIKE=debian'),
    release: '4.17.0-kali1-amd64',
    version: '#1 SMP Debian 4.17.8-1kali1 (2018-07-24)',
  }),
  field('wsl2', 'WSL2: Ubuntu with a kernel of Microsoft', 'wsl2_5.15.133.1-microsoft-standard-WSL2', {
    osRelease: os('ID=ubuntu', 'VERSION_ID="22.04"'),
    release: '5.15.133.1-microsoft-standard-WSL2',
    version: '#1 SMP Thu Oct 5 21:02:42 UTC 2023',
  }),
  field('linuxkit', 'LinuxKit, as of Docker Desktop', 'linuxkit_6.12.59-linuxkit', {
    osRelease: os('ID=alpine', 'VERSION_ID=3.22'),
    release: '6.12.59-linuxkit',
    version: '#1 SMP PREEMPT_DYNAMIC Tue Nov 25 2025',
  }),
  field('firecracker', 'a guest of Firecracker: no modules', 'firecracker_6.1.167-microvm', {
    osRelease: os('ID="amzn"', 'VERSION_ID="2023"'),
    release: '6.1.167-27.319.amzn2023.x86_64',
    version: '#1 SMP PREEMPT_DYNAMIC Wed Oct 1 2026',
  }),
  field('talos-1.9', 'Talos: modules must be signed', 'talos_6.12.6-talos', {
    osRelease: os('ID=talos', 'VERSION_ID=v1.9.1'),
    release: '6.12.6-talos',
    version: '#1 SMP Thu Dec 26 2024',
  }),
  field('cos-5.4', 'Container-Optimized OS: LoadPin', 'cos_5.4.144+', {
    osRelease: os('ID=cos', 'VERSION_ID=89', 'BUILD_ID=16108.534.17'),
    release: '5.4.144+',
    version: '#1 SMP Sat Nov 6 10:45:05 PDT 2021',
  }),
  field('synology', 'a NAS of Synology', 'synology_4.4.59+-geminilake', {
    release: '4.4.59+',
    version: '#25556 SMP PREEMPT Thu Mar 4 2021',
  }),
  field('chimera', 'Chimera: a kernel of clang', 'chimera_7.1.8-generic', {
    osRelease: os('ID=chimera'),
    release: '7.1.8-0-generic',
    version: '#1 SMP PREEMPT_DYNAMIC Thu Oct 1 2026',
  }),
  field('clear-linux', 'Clear Linux', 'clear-linux-os_6.15.7-1591.native', {
    osRelease: os('ID=clear-linux-os'),
    release: '6.15.1-1591.native',
    version: '#1 SMP PREEMPT Wed Jul 16 2025',
  }),
  field('sles-12', 'SUSE Linux Enterprise Server 12', 'sles_4.12.14-122.54-default', {
    osRelease: os('ID="sles"', 'VERSION_ID="12.5"'),
    release: '4.12.14-122.54-default',
    version: '#1 SMP Tue Nov 24 2020',
  }),
  field(
    'rhel-8',
    'Red Hat Enterprise Linux 8 with its config: a patched kernel',
    'rhel_4.18.0-147.57.1.el8_1.x86_64',
    {
      osRelease: os('ID="rhel"', 'VERSION_ID="8.1"'),
      release: '4.18.0-147.57.1.el8_1.x86_64',
      version: '#1 SMP Wed Sep 22 2021',
    },
  ),
  field('mariner', 'CBL-Mariner', 'mariner_5.10.52.1-3.cm1', {
    osRelease: os('ID=mariner', 'VERSION_ID="1.0"'),
    release: '5.10.52.1-3.cm1',
    version: '#1 SMP Mon Aug 9 2021',
  }),
  {
    id: 'config-with-odd-bytes',
    about: 'a config with a byte order mark, a host name in UTF-8 and a value that a shell would run',
    raw: {
      ...X86,
      osRelease: os('ID=buildroot'),
      release: '6.12.59-linuxkit',
      version: '#1 SMP PREEMPT_DYNAMIC Tue Nov 25 2025',
    },
    config: {
      bytes: gzipSync(
        `\ufeff${fieldText('linuxkit_6.12.59-linuxkit.config.gz')}CONFIG_DEFAULT_HOSTNAME="büro"\nCONFIG_CMDLINE="root=\${ROOT} $(id)"\n`,
      ),
      at: 'proc/config.gz',
    },
  },
  {
    id: 'minikube-fragment',
    about: 'a part of a config in the place of a whole one',
    raw: RAW.minikube,
    config: { bytes: Buffer.from('CONFIG_X86_64=y\nCONFIG_MODULES=y\nCONFIG_BPF_SYSCALL=y\n') },
  },
]

export const hostsOf = (world: World): HostRow[] => [
  ...debianHosts(world),
  ...[...NAMED, ...SUBMITTING].map((row) => ({ ...row, env: { ...NEWER, ...row.env } })),
]
