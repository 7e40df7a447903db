// What is known of each target, as docs/targets.md shows it.

import { TARGETS } from '../lib/clients/targets.ts'
import { archCertificates } from '../lib/kernels/arch/keys.ts'
import { certificatesFor } from '../lib/kernels/rpm/keys.ts'
import type { RpmRow } from '../lib/kernels/rpm/row.ts'
import { RPM_ROWS, type RpmTarget } from '../lib/kernels/rpm/rows.ts'
import { SUBMITTED } from '../lib/kernels/targets.ts'

interface Known {
  /** hosts that its kernels are looked for at */
  readonly found: string
  /** how its lists are signed */
  readonly lists: string
  /** by what its packages are believed */
  readonly packages: string
  /** that its kernels were built by; each kernel's own is read in its config */
  readonly compilers: string
  readonly kinds: string
  readonly archs: string
  /** by tests; what is not said was not done */
  readonly tried: string
}

const HEAD = [
  '| target | its kernels are found at | lists | packages are believed | compilers | kinds | archs | how it was tried |',
  '|---|---|---|---|---|---|---|---|',
]

export const table = (): string => [...HEAD, ...names().map(lineOf)].join('\n')

const names = (): string[] =>
  [...new Set([...TARGETS, ...Object.keys(OTHERS), ...Object.keys(RPM_ROWS)])].sort()

function lineOf(target: string): string {
  const known = isRpm(target) ? ofRpms(target) : (OTHERS[target] ?? submitted(target))
  const { found, lists, packages, compilers, kinds, archs, tried } = known
  return `| ${[target, found, lists, packages, compilers, kinds, archs, tried].join(' | ')} |`
}

const isRpm = (target: string): target is RpmTarget => Object.hasOwn(RPM_ROWS, target)

const BOTH = { kinds: 'kmod, ebpf', archs: 'x86_64, aarch64' } as const
const BY_LISTS = 'by the digests in its lists'
const LOADED = 'built, and loaded by its own kernel, from a repository of the test in its layout'

const OTHERS: Readonly<Record<string, Known>> = {
  arch: {
    found: 'its mirrors, archive.archlinux.org; aarch64: mirror.archlinuxarm.org, alaa.ad24.cz',
    lists: 'not signed',
    packages: `each by its own signature: ${archCertificates('x86_64', []).length} packagers, and the build system of Arch Linux ARM`,
    compilers: 'the newest gcc of their day',
    ...BOTH,
    tried: `${LOADED}; aarch64: planned`,
  },
  bottlerocket: {
    found: 'updates.bottlerocket.aws: the kmod kit of its release',
    lists: 'TUF, from a root whose sha512 its project names',
    packages: BY_LISTS,
    compilers: 'by its config',
    ...BOTH,
    tried:
      'built and loaded, from a repository of the test in its layout; the registry itself finds no image, as that lies in disk images alone',
  },
  cos: {
    found: 'storage.googleapis.com/cos-tools, where the operator wants it and names the build',
    lists: 'none',
    packages: 'for TLS alone: off by default, and said in the statement',
    compilers: 'clang',
    kinds: 'ebpf',
    archs: 'x86_64',
    tried: 'built, from an archive of the test',
  },
  debian: {
    found: 'its mirrors, security.debian.org, its snapshot service',
    lists: 'InRelease',
    packages: BY_LISTS,
    compilers: 'gcc 4.8 (8) to 15 (sid)',
    ...BOTH,
    tried: 'built, and loaded by its own kernel, from the real archive',
  },
  'debian: Proxmox VE': {
    found: 'download.proxmox.com',
    lists: 'InRelease, by its own keys',
    packages: BY_LISTS,
    compilers: 'those of its Debian',
    kinds: 'kmod, ebpf',
    archs: 'x86_64',
    tried: LOADED,
  },
  'debian: Raspberry Pi OS': {
    found: 'archive.raspberrypi.com',
    lists: 'InRelease, by its own keys',
    packages: BY_LISTS,
    compilers: 'those of its Debian',
    kinds: 'kmod, ebpf',
    archs: 'aarch64, on machines of it',
    tried: 'planned from an archive of the test, and built in its layout',
  },
  flatcar: {
    found: 'kernel.org, and {alpha,beta,stable,lts}.release.flatcar-linux.net for its config',
    lists: 'a signature beside each file',
    packages: 'none: the signed config, and the source that kernel.org signed',
    compilers: 'by its config',
    ...BOTH,
    tried: LOADED,
  },
  'ubuntu, each flavour': {
    found: 'archive.ubuntu.com, security.ubuntu.com, ports.ubuntu.com, old-releases.ubuntu.com',
    lists: 'InRelease',
    packages: BY_LISTS,
    compilers: 'gcc 5 (16.04), 7 (18.04), 9 (20.04), 11 and 12 (22.04), 13 (24.04), 15 (26.04)',
    ...BOTH,
    tried: LOADED,
  },
}

const EL = 'gcc 8 (8), 11 (9), 14 (10)'
const RPM_COMPILERS: Readonly<Record<RpmTarget, string>> = {
  alinux: 'by its config',
  almalinux: EL,
  amazonlinux2: 'gcc 7 (4.14), 10 (5.10)',
  amazonlinux2023: 'gcc 11',
  azurelinux: 'by its config',
  centos: `gcc 4.8 (7), ${EL.slice(4)}`,
  fedora: 'gcc 15, 16 (42 to 45)',
  ol: `gcc 4.8 (7), ${EL.slice(4)}; UEK 7: gcc-toolset 11`,
  opensuse: 'gcc 7 (15)',
  photon: 'by its config',
  redhat: EL,
  rocky: EL,
  sles: 'gcc 7 (15)',
}

/** Whose module its own kernel has loaded: the others differ in names, places and keys. */
const LOADED_RPMS: readonly string[] = ['almalinux']

function ofRpms(target: RpmTarget): Known {
  const row: RpmRow = RPM_ROWS[target]
  const hosts = [...new Set(row.places.map(({ base }) => new URL(base).host))]
  const keys = certificatesFor(target, []).length
  const known = keys === 0 ? 'the operator names the key' : `${keys} ${keys === 1 ? 'key' : 'keys'}`
  return {
    found: hosts.length === 0 ? `${row.entitled}: name your mirror` : hosts.join(', '),
    lists: row.lists === 'signed' ? 'repomd.xml.asc' : 'not asked for',
    packages: `each by its own signature: ${known}`,
    compilers: RPM_COMPILERS[target],
    ...BOTH,
    tried: LOADED_RPMS.includes(target) ? LOADED : 'built from a repository of the test in its layout',
  }
}

function submitted(target: string): Known {
  const why = SUBMITTED[target] ?? 'not planned from packages yet'
  const none = '-'
  return {
    ...{ found: `${why}: the host submits its config`, lists: none, packages: none, compilers: none },
    ...{ kinds: 'kmod, ebpf', archs: 'x86_64, aarch64', tried: 'as any submitted kernel' },
  }
}
