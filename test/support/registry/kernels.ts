// Lists the kernels that Debian's archive has today, and selects the one for a test.

import { compareVersions } from '../../../lib/archives/apt/version.ts'
import { type Apt, archive, type Listed, tell } from '../builds/apt.ts'

export interface DebianKernel {
  /** the release in a client's request, e.g. `6.1.192-2-amd64` */
  readonly release: string
  /** e.g. `6.1.0-56-amd64` */
  readonly unameRelease: string
  /** e.g. `6.1` */
  readonly series: string
  /** its own header package */
  readonly headers: Listed
}

export const FLAVOURS = ['amd64', 'cloud-amd64', 'rt-amd64'] as const
export type Flavour = (typeof FLAVOURS)[number]

/**
 * The kernel for the tests of a series, so that they use the same one every day. If the archive no longer has it, the tests
 * print this and use the nearest; then this list needs a newer one.
 */
export const PINS = { '6.1': '6.1.192-2', '6.12': '6.12.111-1~deb12u1' } as const

/** The pinned kernel of a series, or else the nearest. */
export const pinned = (series: keyof typeof PINS, flavour: Flavour): DebianKernel =>
  nearest(series, flavour, PINS[series])

/** The kernel of a version, or else the nearest in the archive: a newer one if possible. */
export function nearest(series: string, flavour: Flavour, version: string): DebianKernel {
  const kernels = debianKernels(series, flavour)
  const found =
    kernels.findLast(({ headers }) => compareVersions(headers.version, version) >= 0) ?? kernels[0]
  if (found === undefined) throw new Error(`the archive has no ${series} kernel of flavour ${flavour}`)
  if (found.headers.version !== version)
    tell(`kernel ${version} (${flavour}) is not there; taking the nearest, ${found.headers.version}`)
  return found
}

/** The kernels of a series, e.g. `6.1`, and a flavour that the archive has, newest first. */
export const debianKernels = (series: string, flavour: Flavour): DebianKernel[] =>
  kernelsOf(flavour).filter((kernel) => kernel.series === series)

/** The newest kernel of every series that the archive has. */
export const newestKernels = (flavour: Flavour, apt?: Apt): DebianKernel[] =>
  kernelsOf(flavour, apt).filter(
    (kernel, i, all) => all.findIndex(({ series }) => series === kernel.series) === i,
  )

/** Debian signs a kernel's image separately and publishes it hours after the headers; until then the kernel is left out. */
function kernelsOf(flavour: Flavour, apt: Apt = archive()): DebianKernel[] {
  const those = (what: string) => apt.matching(what, new RegExp(`^${what}\\d.*-${flavour}$`))
  const images = new Set(those('linux-image-').map(({ name }) => name))
  return those('linux-headers-')
    .flatMap((headers) => kernelOf(headers, flavour) ?? [])
    .filter(({ unameRelease }) => images.has(`linux-image-${unameRelease}`))
    .sort((a, b) => compareVersions(b.headers.version, a.headers.version))
}

function kernelOf(headers: Listed, flavour: Flavour): DebianKernel | undefined {
  const unameRelease = headers.name.replace('linux-headers-', '')
  const [, series, own] =
    /^(\d+\.\d+)\.\d+(?:-\d+|\+deb\d+\w*)-((?:cloud-|rt-)?\w+)$/.exec(unameRelease) ?? []
  if (series === undefined || own !== flavour) return undefined
  return { release: `${headers.version.split('~')[0]}-${flavour}`, unameRelease, series, headers }
}
