// What a build root holds: names of packages, by what it is for.

import type { RootSpec } from '../../model/events.ts'
import type { Arch } from '../../model/probe.ts'

/** A shell, and what every script takes for granted. */
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

/** To fetch and to store, to take any package apart, to make a sandbox. */
const STEPS = ['bubblewrap', 'ca-certificates', 'curl', 'dpkg', 'libarchive-tools', 'mount', 'zstd']

/**
 * What a kernel's tree and its modules are made with: the parser of Kconfig (bison, flex), the kernel's constants of time
 * (bc), objtool (libelf), what signs and unpacks (openssl, zstd), and pahole, for Kconfig's own question which there is.
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

/** To start a machine. */
const MACHINE = ['cpio']
/** To compile the static programs that test in it; `libc6-dev` is of the root's own architecture. */
const TESTER = {
  own: ['gcc', 'libc6-dev'],
  x86_64: 'libc6-dev-amd64-cross',
  aarch64: 'libc6-dev-arm64-cross',
}
/** What runs in it. */
const GUEST = ['busybox-static']
const QEMU = {
  x86_64: ['qemu-system-x86'],
  aarch64: ['qemu-system-arm'],
} as const satisfies Record<Arch, readonly string[]>

/** The names whose closure the root is. */
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

/** Names of packages of another architecture: static programs, which need no other, for a machine of that one. */
export const guestsOf = (spec: RootSpec, arch: Arch): readonly string[] =>
  spec.tag === 'machine' && spec.target !== undefined && spec.target !== arch ? GUEST : []

const machinePackages = (arch: Arch, target: Arch): readonly string[] =>
  arch === target
    ? [...GUEST, ...TESTER.own, ...QEMU[target]]
    : [`gcc${suffixOf(arch, target)}`, TESTER[target], ...QEMU[target]]

/** As compilers of Debian, and the prefix of a cross compiler's commands, call an architecture's programs. */
const TRIPLET = {
  x86_64: 'x86_64-linux-gnu',
  aarch64: 'aarch64-linux-gnu',
} as const satisfies Record<Arch, string>
/** No name of a package has a `_`. */
const inPackages = (target: Arch): string => TRIPLET[target].replace('_', '-')

/** What the commands of its compilers and binutils begin with: kbuild's CROSS_COMPILE. Empty where they are its own. */
export const prefixOf = (machine: Arch, target: Arch): string =>
  machine === target ? '' : `${TRIPLET[target]}-`

/** Of a cross compiler a package's name ends so. */
export const suffixOf = (machine: Arch, target: Arch): string =>
  machine === target ? '' : `-${inPackages(target)}`

/**
 * `gcc-12`: with the headers of its plugins, without which Kconfig drops what the kernel's own plugins do, some of which
 * change structures; across architectures with the one of the machine beside it, for the tools of a tree. `clang-14`: for
 * every architecture, with the linker and the tools of its LLVM.
 */
function compilerPackages(command: string, machine: Arch, target: Arch): string[] {
  const [family, version = ''] = command.split('-')
  const suffix = suffixOf(machine, target)
  const crossing = suffix === '' ? [] : [`binutils${suffix}`]
  if (family === 'clang') return [command, `llvm-${version}`, `lld-${version}`, ...crossing]
  const own = suffix === '' ? [] : [command, ...crossing]
  return [...own, `${command}${suffix}`, `${command}-plugin-dev${suffix}`]
}
