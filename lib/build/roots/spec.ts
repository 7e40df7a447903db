// What a build root holds: names of packages, by what it is for.

import type { RootSpec } from '../../model/events.ts'
import type { Arch } from '../../model/probe.ts'

export type { RootSpec } from '../../model/events.ts'

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

/** To start a machine, and to compile the static programs that test in it. */
const MACHINE = ['busybox-static', 'gcc', 'libc6-dev']
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
      return [...BASE, ...KERNEL, ...spec.commands.flatMap(compilerPackages)]
    case 'machine':
      return [...BASE, ...STEPS, ...MACHINE, ...QEMU[arch]]
  }
}

/**
 * `gcc-12`: with the headers of its plugins, without which Kconfig drops what the kernel's own plugins do, some of which
 * change structures. `clang-14`: with the linker and the tools of its LLVM.
 */
function compilerPackages(command: string): string[] {
  const [family, version = ''] = command.split('-')
  return family === 'clang'
    ? [command, `llvm-${version}`, `lld-${version}`]
    : [command, `${command}-plugin-dev`]
}
