// Finds the package of an Arch kernel by its `uname -r`.

import type { Arch } from '../../model/probe.ts'
import { seriesOf } from '../../model/series.ts'
import type { NamedKernel } from '../planner.ts'
import { unsupported } from '../refusals.ts'

/** The parts of a kernel's `uname -r`, and its package. */
export interface ArchKernel {
  readonly unameRelease: string
  readonly arch: Arch
  /** name of its package, e.g. `linux-zen`; the name of its headers' package ends with `-headers` */
  readonly name: string
  /** versions that its package may have: the package of kernel 6.12.0 has version 6.12 */
  readonly versions: readonly string[]
  /** the repository that has it while it is the current kernel */
  readonly repository: 'core' | 'extra'
  /** whether its package contains an image that a load test can boot */
  readonly hasImage: boolean
}

interface Flavour extends Pick<ArchKernel, 'name' | 'repository' | 'hasImage'> {
  /** the end of `uname -r`, after the release: CONFIG_LOCALVERSION and a part of the package's name */
  readonly ending: string
  /** must match the part before the release, if the ending alone does not identify the flavour */
  readonly kernel?: RegExp
}

const flavour = (
  ending: string,
  name: string,
  repository: Flavour['repository'],
  more: Partial<Flavour> = {},
): Flavour => ({ ending, name, repository, hasImage: true, ...more })

/**
 * From the PKGBUILDs of Arch and of Arch Linux ARM. The images of Raspberry Pi kernels are in a separate
 * partition, from which no load test can boot.
 */
const FLAVOURS: Readonly<Record<Arch, readonly Flavour[]>> = {
  x86_64: [
    flavour('', 'linux', 'core', { kernel: /-arch\d+$/ }),
    flavour('-lts', 'linux-lts', 'core'),
    flavour('-zen', 'linux-zen', 'extra'),
    flavour('-hardened', 'linux-hardened', 'extra'),
    flavour('-rt', 'linux-rt', 'extra'),
    flavour('-rt-lts', 'linux-rt-lts', 'extra'),
    // `linux` had this ending until 2018.
    flavour('-ARCH', 'linux', 'core'),
  ],
  aarch64: [
    flavour('-aarch64-ARCH', 'linux-aarch64', 'core'),
    flavour('-aarch64-rc-ARCH', 'linux-aarch64-rc', 'core'),
    ...['-rpi', '-rpi-16k'].flatMap((ending) => [
      flavour(ending, `linux${ending}`, 'core', { hasImage: false }),
      flavour(`${ending}-ARCH`, `linux${ending}`, 'core', { hasImage: false }),
    ]),
  ],
}

/**
 * `kernel`: `6.6.1-arch1`, `6.14.0-rt3-arch1`, `6.5.2.8.realtime1`; `release`, that of the package: `1`,
 * `1.1`; `ending`: `-zen`.
 */
const RELEASE =
  /^(?<kernel>\d{1,3}\.\d{1,4}(?:[.-][a-z0-9]{1,20}){0,6})-(?<release>\d{1,4}(?:\.\d{1,4})?)(?<ending>(?:-[A-Za-z0-9]{1,12}){0,3})$/

/** `undefined` if no Arch kernel has this `uname -r`. */
export function archKernel(unameRelease: string, arch: Arch): ArchKernel | undefined {
  const { kernel, release, ending } = RELEASE.exec(unameRelease)?.groups ?? {}
  if (kernel === undefined || release === undefined || seriesOf(kernel) === undefined) return undefined
  const found = FLAVOURS[arch].find(
    (one) => one.ending === ending && (one.kernel === undefined || one.kernel.test(kernel)),
  )
  if (found === undefined) return undefined
  const { name, repository, hasImage } = found
  const versions = versionsOf(kernel).map((version) => `${version}-${release}`)
  return { unameRelease, arch, name, versions, repository, hasImage }
}

/** The package versions that a kernel's version may mean. They contain no dash. */
function versionsOf(kernel: string): string[] {
  const version = kernel.replaceAll('-', '.')
  const shorter = version.replace(/^(\d+\.\d+)\.0(?=\.|$)/, '$1')
  return shorter === version ? [version] : [shorter, version]
}

/** @throws {ProbeError} `unsupported-kernel`. */
export function checkArch({ kernelRelease, arch }: NamedKernel): ArchKernel {
  const kernel = archKernel(kernelRelease, arch)
  if (kernel !== undefined) return kernel
  throw unsupported(
    `${kernelRelease} is not the release of an ${arch} kernel of Arch Linux, such as 6.6.1-arch1-1 or 6.1.62-1-lts: this kernel is not Arch's own, or \`uname -r\` prints another name`,
  )
}
