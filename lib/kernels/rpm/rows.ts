// Lists the distributions whose kernels come as rpms. A new one needs a row here, and a file with its keys.

import type { RpmKernel, RpmPlace, RpmRow } from './row.ts'

/** Names in Red Hat's form: `5.14.0-427.13.1.el9_4.x86_64`, `...aarch64+64k`. */
const EL =
  /^(?<version>\d+\.\d+\.\d+)-(?<release>[A-Za-z0-9._~^]+)\.(?<arch>x86_64|aarch64)(?:\+(?<flavour>[a-z0-9-]+))?$/

/** The names of the kernel's packages, without suffixes such as `-devel`. */
function elName({ release, flavour }: RpmKernel): string[] {
  const plain = release.endsWith('uek')
    ? ['kernel-uek']
    : release.includes('.elrepo')
      ? ['kernel-ml', 'kernel-lt']
      : release.includes('.rt7.')
        ? ['kernel-rt']
        : ['kernel']
  return flavour === '' ? plain : plain.map((name) => `${name}-${flavour}`)
}

const el = {
  kernels: EL,
  headers: (kernel: RpmKernel) => elName(kernel).map((name) => `${name}-devel`),
  images: (kernel: RpmKernel) => elName(kernel).flatMap((name) => [`${name}-core`, name]),
}

/** Places for the same kernels at each of these bases. */
const at = (of: string, ...bases: readonly string[]): RpmPlace[] => bases.map((base) => ({ of, base }))

const CENTOS_VAULT = 'https://vault.centos.org'
const FEDORA = 'https://dl.fedoraproject.org/pub/fedora/linux'
const FEDORA_ARCHIVE = 'https://archives.fedoraproject.org/pub/archive/fedora/linux'
const ORACLE = 'https://yum.oracle.com/repo/OracleLinux/OL{major}'
const AMAZON_2 = 'https://cdn.amazonlinux.com/2'
const ALINUX = 'https://mirrors.aliyun.com/alinux'
const PHOTON = 'https://packages.vmware.com/photon/{major}.0'
const OPENSUSE = 'https://download.opensuse.org'
const MICROSOFT = 'https://packages.microsoft.com'

/** Each minor release of CentOS has one kernel version, and its own folder in the vault. */
const CENTOS = [
  ['2.6.32-71', '6.0'],
  ['2.6.32-131', '6.1'],
  ['2.6.32-220', '6.2'],
  ['2.6.32-279', '6.3'],
  ['2.6.32-358', '6.4'],
  ['2.6.32-431', '6.5'],
  ['2.6.32-504', '6.6'],
  ['2.6.32-573', '6.7'],
  ['2.6.32-642', '6.8'],
  ['2.6.32-696', '6.9'],
  ['2.6.32-754', '6.10'],
  ['3.10.0-123', '7.0.1406'],
  ['3.10.0-229', '7.1.1503'],
  ['3.10.0-327', '7.2.1511'],
  ['3.10.0-514', '7.3.1611'],
  ['3.10.0-693', '7.4.1708'],
  ['3.10.0-862', '7.5.1804'],
  ['3.10.0-957', '7.6.1810'],
  ['3.10.0-1062', '7.7.1908'],
  ['3.10.0-1127', '7.8.2003'],
  ['3.10.0-1160', '7.9.2009'],
] as const
const CENTOS_8 = [
  ['4.18.0-80', '8.0.1905'],
  ['4.18.0-147', '8.1.1911'],
  ['4.18.0-193', '8.2.2004'],
  ['4.18.0-240', '8.3.2011'],
  ['4.18.0-305', '8.4.2105'],
  ['4.18.0-348', '8.5.2111'],
] as const
/** Folders for aarch64, where CentOS 7 has other kernels. */
const CENTOS_7_ALTARCH = ['7.9.2009', '7.8.2003', '7.7.1908', '7.6.1810', '7.5.1804', '7.4.1708', '7.3.1611']

const escaped = (text: string): string => text.replaceAll('.', '\\.')

/** The repository of each version of Oracle's own kernel. */
const UEK = [
  { version: '3\\.8\\.13', name: 'UEKR3' },
  { version: '4\\.1\\.12', name: 'UEKR4' },
  { version: '4\\.14\\.35', name: 'UEKR5' },
  { version: '5\\.4\\.17', name: 'UEKR6' },
  { version: '5\\.15\\.0', name: 'UEKR7' },
  { version: '6\\.12\\.0', name: 'UEKR8' },
]

/** The repositories of a release since 8. */
const partsOf = (release: string): string[] =>
  ['BaseOS', 'AppStream'].map((part) => `${release}/${part}/{arch}/os`)
/** The repositories of a release before 8. */
const updatesOf = (release: string): string[] => ['updates', 'os'].map((part) => `${release}/${part}/{arch}`)

/** Places of Red Hat's rebuilds: current minor releases, and the vault with older ones. */
const rebuilds = (current: string, vault: string): RpmPlace[] => [
  ...at('\\.el(?<major>8|9|10)', ...partsOf(`${current}/{major}`)),
  ...at('\\.el(?<major>8|9|10)_(?<minor>\\d+)', ...partsOf(`${vault}/{major}.{minor}`)),
]

export const RPM_ROWS = {
  almalinux: {
    ...el,
    lists: 'signed',
    places: rebuilds('https://repo.almalinux.org/almalinux', 'https://vault.almalinux.org'),
  },
  rocky: {
    ...el,
    lists: 'signed',
    places: rebuilds('https://dl.rockylinux.org/pub/rocky', 'https://dl.rockylinux.org/vault/rocky'),
  },
  centos: {
    ...el,
    // The lists of 6, and of 7 before 2018, are not signed.
    lists: 'unsigned',
    places: [
      ...at('\\.el(?<major>\\d+)\\.elrepo', 'https://elrepo.org/linux/kernel/el{major}/{arch}'),
      ...at('\\.el(?<major>9|10)\\.', ...partsOf('https://mirror.stream.centos.org/{major}-stream')),
      ...CENTOS.flatMap(([kernel, folder]) =>
        at(`^${escaped(kernel)}\\.`, ...updatesOf(`${CENTOS_VAULT}/${folder}`)),
      ),
      ...CENTOS_8.flatMap(([kernel, folder]) =>
        at(`^${escaped(kernel)}\\.`, `${CENTOS_VAULT}/${folder}/BaseOS/{arch}/os`),
      ),
      ...at('\\.el8', `${CENTOS_VAULT}/8-stream/BaseOS/{arch}/os`),
      ...CENTOS_7_ALTARCH.flatMap((minor) =>
        at('\\.el7a?\\.aarch64', ...updatesOf(`${CENTOS_VAULT}/altarch/${minor}`)),
      ),
    ],
  },
  redhat: {
    ...el,
    lists: 'unsigned',
    places: [],
    entitled: 'Red Hat serves its packages to subscribers alone',
  },
  fedora: {
    ...el,
    lists: 'unsigned',
    places: at(
      '\\.fc(?<major>\\d+)',
      `${FEDORA}/updates/{major}/Everything/{arch}`,
      `${FEDORA}/releases/{major}/Everything/{arch}/os`,
      `${FEDORA_ARCHIVE}/updates/{major}/Everything/{arch}`,
      `${FEDORA_ARCHIVE}/releases/{major}/Everything/{arch}/os`,
    ),
  },
  ol: {
    ...el,
    lists: 'unsigned',
    places: [
      ...UEK.flatMap(({ version, name }) =>
        at(`^${version}-.*\\.el(?<major>\\d+)uek`, `${ORACLE}/${name}/{arch}`),
      ),
      ...at('\\.el(?<major>6)uek', `${ORACLE}/UEK/latest/{arch}`, `${ORACLE}/UEKR3/latest/{arch}`),
      ...at('\\.el(?<major>6|7)', `${ORACLE}/latest/{arch}`),
      ...at('\\.el(?<major>8|9|10)', `${ORACLE}/baseos/latest/{arch}`, `${ORACLE}/appstream/{arch}`),
      ...at('\\.el(?<major>\\d+)(?!.*uek)', `${ORACLE}/MODRHCK/{arch}`),
    ],
  },
  amazonlinux2: {
    kernels: /^(?<version>\d+\.\d+\.\d+)-(?<release>[0-9.]+\.amzn2)\.(?<arch>x86_64|aarch64)$/,
    headers: () => ['kernel-devel'],
    images: () => ['kernel'],
    lists: 'unsigned',
    places: [
      ...at('^4\\.14\\.', `${AMAZON_2}/core/latest/{arch}/mirror.list`),
      ...at('^(?<series>\\d+\\.\\d+)\\.', `${AMAZON_2}/extras/kernel-{series}/latest/{arch}/mirror.list`),
      ...at('^4\\.19|^5\\.', `${AMAZON_2}/extras/kernel-ng/latest/{arch}/mirror.list`),
    ],
  },
  amazonlinux2023: {
    kernels: /^(?<version>\d+\.\d+\.\d+)-(?<release>[0-9.]+\.amzn2023)\.(?<arch>x86_64|aarch64)$/,
    // Since 6.1, each series has its own package names.
    headers: ({ version }) => ['kernel-devel', `kernel${seriesIn(version)}-devel`],
    images: ({ version }) => ['kernel', `kernel${seriesIn(version)}`],
    lists: 'unsigned',
    places: at('amzn2023', 'https://cdn.amazonlinux.com/al2023/core/mirrors/latest/{arch}/mirror.list'),
  },
  alinux: {
    kernels:
      /^(?<version>\d+\.\d+\.\d+)-(?<release>[A-Za-z0-9._~^]+\.al\d+(?:\.\d+)?)\.(?<arch>x86_64|aarch64)$/,
    headers: () => ['kernel-devel'],
    images: () => ['kernel-core', 'kernel'],
    lists: 'unsigned',
    places: ['plus', 'updates', 'os'].flatMap((part) => [
      ...at('\\.al7', `${ALINUX}/2/${part}/{arch}`, `${ALINUX}/2.1903/${part}/{arch}`),
      ...at('\\.al8', `${ALINUX}/3/${part}/{arch}`),
      ...at('\\.al4', `${ALINUX}/4/${part}/{arch}`),
    ]),
  },
  photon: {
    kernels: /^(?<version>\d+\.\d+\.\d+)-(?<release>[0-9.]+\.ph\d+)(?:-(?<flavour>[a-z]+))?$/,
    headers: ({ flavour }) => [flavour === '' ? 'linux-devel' : `linux-${flavour}-devel`],
    images: ({ flavour }) => [flavour === '' ? 'linux' : `linux-${flavour}`],
    lists: 'unsigned',
    places: at(
      '\\.ph(?<major>\\d+)',
      `${PHOTON}/photon_updates_{major}.0_{arch}`,
      `${PHOTON}/photon_release_{major}.0_{arch}`,
      `${PHOTON}/photon_{major}.0_{arch}`,
    ),
  },
  opensuse: {
    ...suse(),
    lists: 'signed',
    places: [
      ...at(
        '-150(?<minor>[1-9])00\\.',
        `${OPENSUSE}/update/leap/15.{minor}/sle`,
        `${OPENSUSE}/distribution/leap/15.{minor}/repo/oss`,
      ),
      ...at('-160000\\.', `${OPENSUSE}/distribution/leap/16.0/repo/oss/{arch}`),
      ...at('^\\d+\\.\\d+\\.\\d+-\\d+-', `${OPENSUSE}/tumbleweed/repo/oss`),
    ],
  },
  sles: {
    ...suse(),
    lists: 'signed',
    places: [],
    entitled: 'SUSE serves its packages to registered systems alone',
  },
  azurelinux: {
    kernels: /^(?<version>\d+\.\d+\.\d+(?:\.\d+)?)-(?<release>\d+\.(?:azl3|cm2))$/,
    headers: () => ['kernel-devel'],
    images: () => ['kernel'],
    lists: 'signed',
    places: [
      ...at('\\.azl3', `${MICROSOFT}/azurelinux/3.0/prod/base/{arch}`),
      ...at('\\.cm2', `${MICROSOFT}/cbl-mariner/2.0/prod/base/{arch}`),
    ],
  },
} as const satisfies Readonly<Record<string, RpmRow>>

export type RpmTarget = keyof typeof RPM_ROWS
export const RPM_TARGET_NAMES = Object.keys(RPM_ROWS) as readonly RpmTarget[]

const seriesIn = (version: string): string => version.split('.').slice(0, 2).join('.')

/** Names such as `5.14.21-150500.55.19-default`. Packages also have the build service's rebuild number. */
function suse() {
  return {
    kernels:
      /^(?<version>\d+\.\d+\.\d+)-(?<release>[0-9.]+)-(?<flavour>default|azure|rt|rt_debug|debug|64kb|kvmsmall|longterm|pae|preempt|vanilla|xen)$/,
    headers: ({ flavour }: RpmKernel) => [`kernel-${flavour}-devel`],
    images: ({ flavour }: RpmKernel) => [`kernel-${flavour}`],
    counted: true,
  } as const
}
