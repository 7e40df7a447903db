// What a bare Debian 12 build image (buildpack-deps:bookworm) lacks of the tools that a build runs.

import type { Kind } from '../../probe.ts'
import type { Package } from '../planner.ts'

/** The sandbox, and the library of the kernel's own objtool. */
const FOR_EVERY_BUILD = ['libelf1', 'libcap2', 'bubblewrap']

/** clang, llc and llvm-strip with the libraries that `ldd` lists for them and for libLLVM itself. */
const FOR_EBPF = [
  'libtinfo6',
  'libffi8',
  'libmd0',
  'libbsd0',
  'libedit2',
  'libicu72',
  'libxml2',
  'libz3-4',
  'libllvm14',
  'libclang-common-14-dev',
  'libclang-cpp14',
  'clang-14',
  'llvm-14',
]

export const TOOLCHAIN_NAMES: readonly string[] = [...FOR_EVERY_BUILD, ...FOR_EBPF]

/** In the order in which they are unpacked; what the archive has not is left out: the build says what it misses. */
export const toolchainOf = (kind: Kind, find: (name: string) => Package | undefined): Package[] =>
  (kind === 'ebpf' ? TOOLCHAIN_NAMES : FOR_EVERY_BUILD).flatMap((name) => find(name) ?? [])
