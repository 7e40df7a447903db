// The names of Arch's kernels: what `uname -r` prints, and which package that means.

import type { Arch } from '../../model/probe.ts'
import { seriesOf } from '../../model/series.ts'
import type { NamedKernel } from '../planner.ts'
import { unsupported } from '../refusals.ts'

/** A kernel by its `uname -r`, taken apart. */
export interface ArchKernel {
  readonly unameRelease: string
  readonly arch: Arch
  /** name of the package that it is in, e.g. `linux-zen`; that of its headers ends with `-headers` */
  readonly name: string
  /** that its package may have: a kernel calls itself 6.12.0 where its package is of 6.12 */
  readonly versions: readonly string[]
  /** which has it while it is the current one */
  readonly repository: 'core' | 'extra'
  /** whether its package holds the image that boots */
  readonly hasImage: boolean
}

interface Flavour extends Pick<ArchKernel, 'name' | 'repository' | 'hasImage'> {
  /** of `uname -r`: CONFIG_LOCALVERSION and what the package's name adds, after version and release */
  readonly ending: string
  /** what comes before, where the ending alone does not decide */
  readonly kernel?: RegExp
}

const flavour = (
  ending: string,
  name: string,
  repository: Flavour['repository'],
  more: Partial<Flavour> = {},
): Flavour => ({ ending, name, repository, hasImage: true, ...more })

/** By the PKGBUILDs of Arch and of Arch Linux ARM, whose Raspberry Pi kernels lie in a partition that no machine here boots from. */
const FLAVOURS: Readonly<Record<Arch, readonly Flavour[]>> = {
  x86_64: [
    flavour('', 'linux', 'core', { kernel: /-arch\d+$/ }),
    flavour('-lts', 'linux-lts', 'core'),
    flavour('-zen', 'linux-zen', 'extra'),
    flavour('-hardened', 'linux-hardened', 'extra'),
    flavour('-rt', 'linux-rt', 'extra'),
    flavour('-rt-lts', 'linux-rt-lts', 'extra'),
    // Until 2018.
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

/** `6.6.1-arch1`, `6.14.0-rt3-arch1`, `6.5.2.8.realtime1`; `1` or `1.1`: the release of the package; `-zen`: the ending. */
const RELEASE =
  /^(?<kernel>\d{1,3}\.\d{1,4}(?:[.-][a-z0-9]{1,20}){0,6})-(?<release>\d{1,4}(?:\.\d{1,4})?)(?<ending>(?:-[A-Za-z0-9]{1,12}){0,3})$/

/** `undefined` for what no kernel of it calls itself. */
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

/** A package's version has no dash. */
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
