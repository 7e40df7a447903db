// Lists the packages in each kind of build root.

import type { RootSpec } from '../../model/events.ts'
import type { Arch } from '../../model/probe.ts'

/** Packages of a shell and the usual commands. */
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

/** Packages to download and upload, to unpack any package, and to make a sandbox. */
const STEPS = ['bubblewrap', 'ca-certificates', 'curl', 'dpkg', 'libarchive-tools', 'mount', 'zstd']

/**
 * Packages to make a kernel's tree and modules: the parser of Kconfig (bison, flex), the kernel's time constants (bc), objtool
 * (libelf), signatures and archives (openssl, zstd), and pahole (dwarves), whose version Kconfig checks.
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

/** Packages to prepare the files of a virtual machine. */
const MACHINE = ['cpio']
/** Packages to compile the virtual machine's static test programs, for the root's own architecture. */
const TESTER = ['gcc', 'libc6-dev']
/** Packages whose programs run in the virtual machine. */
const GUEST = ['busybox-static']

/**
 * `triplet`: part of the package names of Debian's compilers, and of the names of cross compilers' commands. `crossLibc`: what
 * `libc6-dev` is on a machine of another architecture.
 */
const TARGETS: Readonly<Record<Arch, Readonly<Record<'triplet' | 'qemu' | 'crossLibc', string>>>> = {
  x86_64: { triplet: 'x86_64-linux-gnu', qemu: 'qemu-system-x86', crossLibc: 'libc6-dev-amd64-cross' },
  aarch64: { triplet: 'aarch64-linux-gnu', qemu: 'qemu-system-arm', crossLibc: 'libc6-dev-arm64-cross' },
}

/** Names of packages. The root contains these and their dependencies. */
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

/** Packages of the target's architecture, with static programs for its virtual machine. */
export const guestsOf = (spec: RootSpec, arch: Arch): readonly string[] =>
  spec.tag === 'machine' && spec.target !== undefined && spec.target !== arch ? GUEST : []

const machinePackages = (arch: Arch, target: Arch): readonly string[] =>
  arch === target
    ? [...GUEST, ...TESTER, TARGETS[target].qemu]
    : [`gcc${suffixOf(arch, target)}`, TARGETS[target].crossLibc, TARGETS[target].qemu]

/** Prefix of the commands of compilers and binutils: kbuild's CROSS_COMPILE. Empty for the machine's own architecture. */
export const prefixOf = (machine: Arch, target: Arch): string =>
  machine === target ? '' : `${TARGETS[target].triplet}-`

/** End of the names of a cross compiler's packages, in which `-` replaces `_`. */
export const suffixOf = (machine: Arch, target: Arch): string =>
  machine === target ? '' : `-${TARGETS[target].triplet.replace('_', '-')}`

/**
 * `gcc-12` comes with the headers for plugins. Without them, Kconfig disables the kernel's own plugins, and some of these change
 * structures. For another architecture, the machine's own gcc is added, for the tools of a tree. `clang-14` compiles for every
 * architecture, and comes with the linker and the tools of its LLVM.
 */
function compilerPackages(command: string, machine: Arch, target: Arch): string[] {
  const [family, version = ''] = command.split('-')
  const suffix = suffixOf(machine, target)
  const crossing = suffix === '' ? [] : [`binutils${suffix}`]
  if (family === 'clang') return [command, `llvm-${version}`, `lld-${version}`, ...crossing]
  const own = suffix === '' ? [] : [command, ...crossing]
  return [...own, `${command}${suffix}`, `${command}-plugin-dev${suffix}`]
}
