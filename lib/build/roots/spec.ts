// Names of the packages in each kind of build root.

import type { RootSpec } from '../../model/events.ts'
import type { Arch } from '../../model/probe.ts'

/** A shell and the usual commands. */
const BASE = [
  'bash',
  'coreutils',
  'dash',
  'findutils',
  'grep',
  'gzip',
  'mawk',
  'sed',
  'tar',
  'util-linux',
  'xz-utils',
]

/** To download and upload, unpack any package, and make a sandbox. */
const STEPS = ['bubblewrap', 'ca-certificates', 'curl', 'dpkg', 'libarchive-tools', 'mount', 'zstd']

/**
 * To make a kernel's tree and modules: the parser of Kconfig (bison, flex), the kernel's time constants (bc), objtool (libelf),
 * signatures and archives (openssl, zstd), and pahole (dwarves), whose version Kconfig checks.
 */
const KERNEL = [
  'bc',
  'binutils',
  'bison',
  'cpio',
  'diffutils',
  'dwarves',
  'flex',
  'kmod',
  'libc6-dev',
  'libelf-dev',
  'libssl-dev',
  'm4',
  'make',
  'perl-base',
  'zlib1g-dev',
  'zstd',
]

/** To start a virtual machine. */
const MACHINE = ['cpio']
/** To compile the static test programs in it; `libc6-dev` is for the root's own architecture. */
const TESTER = {
  own: ['gcc', 'libc6-dev'],
  x86_64: 'libc6-dev-amd64-cross',
  aarch64: 'libc6-dev-arm64-cross',
}
/** Runs in it. */
const GUEST = ['busybox-static']
const QEMU = {
  x86_64: ['qemu-system-x86'],
  aarch64: ['qemu-system-arm'],
} as const satisfies Record<Arch, readonly string[]>

/** The root is the closure of these names. */
export function packagesOf(spec: RootSpec, arch: Arch): readonly string[] {
  switch (spec.tag) {
    case 'steps':
      return [...BASE, ...STEPS]
    case 'compilers':
      return [
        ...BASE,
        ...KERNEL,
        ...spec.commands.flatMap((command) => compilerPackages(command, arch, spec.target ?? arch)),
      ]
    case 'machine':
      return [...BASE, ...STEPS, ...MACHINE, ...machinePackages(arch, spec.target ?? arch)]
  }
}

/** Packages of the target's architecture: static programs for its virtual machine. */
export const guestsOf = (spec: RootSpec, arch: Arch): readonly string[] =>
  spec.tag === 'machine' && spec.target !== undefined && spec.target !== arch ? GUEST : []

const machinePackages = (arch: Arch, target: Arch): readonly string[] =>
  arch === target
    ? [...GUEST, ...TESTER.own, ...QEMU[target]]
    : [`gcc${suffixOf(arch, target)}`, TESTER[target], ...QEMU[target]]

/** In names of Debian's compilers, and prefix of a cross compiler's commands. */
const TRIPLET = {
  x86_64: 'x86_64-linux-gnu',
  aarch64: 'aarch64-linux-gnu',
} as const satisfies Record<Arch, string>

/** Prefix of commands of compilers and binutils: kbuild's CROSS_COMPILE. Empty for the machine's own architecture. */
export const prefixOf = (machine: Arch, target: Arch): string =>
  machine === target ? '' : `${TRIPLET[target]}-`

/** End of the names of a cross compiler's packages, which have no `_`. */
export const suffixOf = (machine: Arch, target: Arch): string =>
  machine === target ? '' : `-${TRIPLET[target].replace('_', '-')}`

/**
 * `gcc-12`: with the headers of its plugins, without which Kconfig disables the kernel's own plugins, some of which change
 * structures; for another architecture also the machine's own gcc, for the tools of a tree. `clang-14`: for every
 * architecture, with the linker and the tools of its LLVM.
 */
function compilerPackages(command: string, machine: Arch, target: Arch): string[] {
  const [family, version = ''] = command.split('-')
  const suffix = suffixOf(machine, target)
  const crossing = suffix === '' ? [] : [`binutils${suffix}`]
  if (family === 'clang') return [command, `llvm-${version}`, `lld-${version}`, ...crossing]
  const own = suffix === '' ? [] : [command, ...crossing]
  return [...own, `${command}${suffix}`, `${command}-plugin-dev${suffix}`]
}
