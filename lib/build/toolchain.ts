// What a bare build image (buildpack-deps:bookworm) lacks of the tools that a build or a load test runs.

import type { AptArchive } from '../archives/apt/archive.ts'
import { newest } from '../archives/apt/relations.ts'
import type { Arch, Package, PackageFormat } from '../model/probe.ts'

/** The sandbox; what compiles comes in a root of its own. */
const FOR_EVERY_BUILD = ['libcap2', 'bubblewrap']

/** To unpack an rpm. */
const FOR_RPM = ['libarchive13', 'libarchive-tools']

/** The libraries that `ldd` lists for qemu and that Debian's base system lacks, its firmware, and a static shell. */
const FOR_A_MACHINE = [
  'libelf1',
  'libaio1',
  'libbpf1',
  'libcapstone4',
  'libkmod2',
  'libdaxctl1',
  'libndctl6',
  'libpmem1',
  'libfdt1',
  'libfuse3-3',
  'libglib2.0-0',
  'libnl-3-200',
  'libnl-route-3-200',
  'libibverbs1',
  'librdmacm1',
  'libjpeg62-turbo',
  'libnuma1',
  'libpixman-1-0',
  'libpng16-16',
  'libssl3',
  'libsasl2-2',
  'libslirp0',
  'liburing2',
  'libvdeplug2',
  'qemu-system-data',
  'busybox-static',
]
const MACHINE = {
  x86_64: ['seabios', 'qemu-system-x86'],
  aarch64: ['qemu-system-arm'],
} as const satisfies Record<Arch, readonly string[]>

/** Every package that a toolchain may ask for. */
export const TOOLCHAIN_NAMES: readonly string[] = [
  ...[...FOR_EVERY_BUILD, ...FOR_RPM, ...FOR_A_MACHINE],
  ...Object.values(MACHINE).flat(),
]

type Formats = readonly { readonly format: PackageFormat }[]

export interface Toolchain {
  /** What a build brings to its image, in the order in which it is unpacked. `inputs`: what it unpacks. */
  forBuild(arch: Arch, inputs: Formats): Promise<readonly Package[]>
  /** The same for a load test. Its image has the compiler of the eBPF loader. */
  forLoadTest(arch: Arch, inputs: Formats): Promise<readonly Package[]>
}

/** For an image that has all of it. */
export const NO_TOOLCHAIN: Toolchain = { forBuild: async () => [], forLoadTest: async () => [] }

/** What the archive does not have is left out: the build says what it misses. */
export function createToolchain(archive: Pick<AptArchive, 'packages'>): Toolchain {
  const found = async (arch: Arch, names: readonly string[]): Promise<Package[]> => {
    const packages = await archive.packages(arch)
    return names.flatMap((name) => newest(packages.filter((pkg) => pkg.name === name)) ?? [])
  }
  return {
    forBuild: (arch, inputs) => found(arch, [...FOR_EVERY_BUILD, ...forFormats(inputs)]),
    forLoadTest: (arch, inputs) =>
      found(arch, [...FOR_EVERY_BUILD, ...FOR_A_MACHINE, ...MACHINE[arch], ...forFormats(inputs)]),
  }
}

const forFormats = (inputs: Formats): readonly string[] =>
  inputs.some(({ format }) => format === 'rpm') ? FOR_RPM : []
