// The facts about each target that docs/targets.md shows.

import { TARGETS } from '../lib/clients/targets.ts'
import { archCertificates } from '../lib/kernels/arch/keys.ts'
import { certificatesFor } from '../lib/kernels/rpm/keys.ts'
import type { RpmRow } from '../lib/kernels/rpm/row.ts'
import { RPM_ROWS, type RpmTarget } from '../lib/kernels/rpm/rows.ts'
import { SUBMITTED } from '../lib/kernels/targets.ts'

interface Known {
  /** hosts that run its kernels */
  readonly found: string
  /** how its package lists are signed */
  readonly lists: string
  /** why the registry trusts its packages */
  readonly packages: string
  /** compilers of its kernels; each kernel's config names its compiler */
  readonly compilers: string
  readonly kinds: string
  readonly archs: string
  /** how tests tried it; nobody tried it in another way */
  readonly tried: string
}

const HEAD = [
  '| target | where its kernels are | signed lists | trust in packages | compilers | kinds | archs | tested |',
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
const BY_LISTS = 'digests in its lists'
const OF_TEST = 'from a repository that the test makes'
const IN_CONFIG = 'named in its config'
const LOADED = `built, and loaded by its own kernel, ${OF_TEST}`

const OTHERS: Readonly<Record<string, Known>> = {
  arch: {
    found: 'its mirrors, archive.archlinux.org; aarch64: mirror.archlinuxarm.org, alaa.ad24.cz',
    lists: 'none',
    packages: `own signature of each: ${archCertificates('x86_64', []).length} packagers, and the build system of Arch Linux ARM`,
    compilers: 'the newest gcc of their time',
    ...BOTH,
    tried: `${LOADED}; aarch64: planned`,
  },
  bottlerocket: {
    found: 'updates.bottlerocket.aws: the kmod kit of its release',
    lists: 'TUF, from a root with a pinned sha512',
    packages: BY_LISTS,
    compilers: IN_CONFIG,
    ...BOTH,
    tried: `built and loaded, ${OF_TEST}; a registry load-tests none, because only disk images have its kernels`,
  },
  cos: {
    found: 'storage.googleapis.com/cos-tools, if the operator turns it on and names the build',
    lists: 'none',
    packages: 'only TLS: off by default, and marked in the statement',
    compilers: 'clang',
    kinds: 'ebpf',
    archs: 'x86_64',
    tried: 'built, from an archive that the test makes',
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
    lists: 'InRelease, with its own keys',
    packages: BY_LISTS,
    compilers: 'those of its Debian',
    kinds: 'kmod, ebpf',
    archs: 'x86_64',
    tried: LOADED,
  },
  'debian: Raspberry Pi OS': {
    found: 'archive.raspberrypi.com',
    lists: 'InRelease, with its own keys',
    packages: BY_LISTS,
    compilers: 'those of its Debian',
    kinds: 'kmod, ebpf',
    archs: 'aarch64, built on aarch64 machines',
    tried: 'planned and built, from an archive that the test makes',
  },
  flatcar: {
    found: 'kernel.org; its config at {alpha,beta,stable,lts}.release.flatcar-linux.net',
    lists: 'a signature of each file',
    packages: 'signed config, and source signed by kernel.org',
    compilers: IN_CONFIG,
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
  alinux: IN_CONFIG,
  almalinux: EL,
  amazonlinux2: 'gcc 7 (4.14), 10 (5.10)',
  amazonlinux2023: 'gcc 11',
  azurelinux: IN_CONFIG,
  centos: `gcc 4.8 (7), ${EL.slice(4)}`,
  fedora: 'gcc 15, 16 (42 to 45)',
  ol: `gcc 4.8 (7), ${EL.slice(4)}; UEK 7: gcc-toolset 11`,
  opensuse: 'gcc 7 (15)',
  photon: IN_CONFIG,
  redhat: EL,
  rocky: EL,
  sles: 'gcc 7 (15)',
}

/** Distributions whose own kernel has loaded a module. The others differ only in names, places and keys. */
const LOADED_RPMS: readonly string[] = ['almalinux']

function ofRpms(target: RpmTarget): Known {
  const row: RpmRow = RPM_ROWS[target]
  const hosts = [...new Set(row.places.map(({ base }) => new URL(base).host))]
  const keys = certificatesFor(target, []).length
  const known = keys === 0 ? 'the operator names a key' : `${keys} ${keys === 1 ? 'key' : 'keys'}`
  return {
    found: hosts.length === 0 ? `${row.entitled}: name your mirror` : hosts.join(', '),
    lists: row.lists === 'signed' ? 'repomd.xml.asc' : 'not required',
    packages: `own signature of each: ${known}`,
    compilers: RPM_COMPILERS[target],
    ...BOTH,
    tried: LOADED_RPMS.includes(target) ? LOADED : `built, ${OF_TEST}`,
  }
}

function submitted(target: string): Known {
  const why = SUBMITTED[target] ?? 'no planner finds its packages yet'
  const none = '-'
  return {
    ...{ found: `${why}: the host submits its config`, lists: none, packages: none, compilers: none },
    ...{ kinds: 'kmod, ebpf', archs: 'x86_64, aarch64', tried: 'like any submitted kernel' },
  }
}
