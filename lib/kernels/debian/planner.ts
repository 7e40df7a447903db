// Plans Debian's kernels: finds the packages of their build trees in the archive's signed lists.

import { keepOf } from '../../archives/apt/archive.ts'
import type { AptPackage } from '../../archives/apt/packages.ts'
import { dependenciesOf, releaseOf, satisfying } from '../../archives/apt/relations.ts'
import { lookIn, type Reading, suiteReader } from '../../archives/apt/suites.ts'
import { DEBIAN_KEYRING } from '../../archives/keys/debian.ts'
import { DEBIAN_PAST_KEYRING } from '../../archives/keys/debian-past.ts'
import { readCertificates } from '../../formats/openpgp/certificates.ts'
import { isProbeError, ProbeError } from '../../model/errors.ts'
import type { Arch } from '../../model/probe.ts'
import { unameOf, versionsOf } from '../deb.ts'
import type { HeadersPlan, HeadersPlanner, NamedKernel, PackagesRequest, PlannerPorts } from '../planner.ts'
import { headersNotFound } from '../refusals.ts'
import { fileOf } from '../shared.ts'
import type { TargetSettings } from '../targets.ts'
import { compilerTextOf, identify } from './config.ts'
import { droppedKernels } from './dropped.ts'
import {
  buildPackagesOf,
  canonicalRelease,
  flavourOf,
  headersOf,
  imageOf,
  isKernelHeaders,
} from './headers.ts'
import { type MachineArchive, withToolsFor } from './host-tools.ts'
import { checkDebian, parseRelease } from './names.ts'
import { rankFor, suitesOf } from './suites.ts'

/** All packages that a plan can name. */
export const KERNEL_PACKAGES = keepOf(
  [],
  /^linux-(headers-\d|(?:image|binary)-\d(?!.*-dbg$)|kbuild-|compiler-|source-\d)/,
)

/** Armored public keys: `keyring` verifies current lists, `past` verifies lists of the past. */
const DEBIAN = { keyring: DEBIAN_KEYRING, past: DEBIAN_KEYRING + DEBIAN_PAST_KEYRING }
export type Keyrings = Readonly<typeof DEBIAN>

export function debianPlanner(
  ports: PlannerPorts,
  { debian }: Pick<TargetSettings, 'debian'>,
  { keyring, past }: Keyrings = DEBIAN,
): HeadersPlanner {
  const keep = KERNEL_PACKAGES
  const { read } = suiteReader(ports, { whose: 'Debian', suites: suitesOf(debian), keyring, keep })
  const dropped = droppedKernels({ ...ports, keyring: past }, debian.snapshot, keep)
  /** Looks in the current archive, then in what the archive had in the past. */
  const foundEver = async <T>(
    asked: NamedKernel,
    reading: Reading,
    look: (archive: readonly AptPackage[]) => T | Promise<T>,
  ): Promise<T> => {
    try {
      return await lookIn(reading, look)
    } catch (cause) {
      if (!isProbeError(cause, 'headers-not-found')) throw cause
      const { packages, why, isAway } = await dropped(asked.arch, asked.kernelRelease)
      if (packages !== undefined) return look([...reading.packages, ...packages])
      const code = isAway ? 'mirror-unreachable' : cause.code
      throw new ProbeError(code, `${cause.message} ${why}`, { cause })
    }
  }
  /** Replaces the programs of the build tree, if the build machine has another architecture. */
  const forMachine = async (arch: Arch, planned: HeadersPlan, version: string): Promise<HeadersPlan> => {
    const machine = ports.machines?.[arch] ?? arch
    if (machine === arch) return planned
    const archive: MachineArchive = {
      read: async (other) => (await read(other)).packages,
      dropped: async (other, kernel) => (await dropped(other, kernel)).packages ?? [],
    }
    return { ...planned, headers: await withToolsFor(archive, machine, version, planned.headers) }
  }
  return {
    identify: async (request) => {
      const { arch, unameRelease } = request
      const reading = await read(arch)
      const look = (archive: readonly AptPackage[]) => identify(ports, archive, request)
      const isThere = reading.packages.some(({ name }) => name === `linux-headers-${unameRelease}`)
      return isThere ? lookIn(reading, look) : foundEver({ arch, kernelRelease: unameRelease }, reading, look)
    },
    plan: async (request) => {
      checkDebian(request)
      const { arch, kernelRelease } = request
      const reading = await read(arch, {
        rank: rankFor(kernelRelease),
        decides: (archive) => isDecided(archive, kernelRelease),
      })
      const planned = await foundEver(request, reading, (archive) => planOf(archive, kernelRelease))
      const compilerText = await compilerTextOf(ports, planned)
      return forMachine(arch, { ...planned, compilerText }, planned.kernelRelease)
    },
    planPackages: async (request) => {
      const { arch, kernelRelease } = request
      const planned = await lookIn(await read(arch), (archive) => planPackages(archive, request))
      return forMachine(arch, planned, kernelRelease)
    },
    find: async (name, arch, isIt) => allOf(await read(arch), name, isIt),
    certificates: () => readCertificates(new TextEncoder().encode(keyring)),
  }
}

/**
 * All packages of that name, newest first.
 * @throws {ProbeError} `mirror-unreachable` if none `isIt`, and a suite that may have one could not be
 * reached.
 */
function allOf(
  { packages, unread }: Reading,
  name: string,
  isIt: (pkg: AptPackage) => boolean,
): AptPackage[] {
  const found = versionsOf(packages, name)
  const unreachable = unread.find(({ error }) => error.code === 'mirror-unreachable')
  if (unreachable !== undefined && !found.some(isIt)) throw unreachable.error
  return found
}

/**
 * Whether these packages decide the plan of that kernel, so that suites of other releases need not be read.
 * They do if the name is a package version, and that package's release has everything for the plan. Versions
 * with a `~`, and other names, may mean another kernel in another release.
 */
export function isDecided(archive: readonly AptPackage[], kernelRelease: string): boolean {
  const asked = parseRelease(kernelRelease)
  if (asked === undefined || asked.version.includes('~')) return false
  const headers = archive.find(
    (p) => p.version === asked.version && isKernelHeaders(p) && flavourOf(p) === asked.flavour,
  )
  if (headers === undefined) return false
  const own = archive.filter((p) => releaseOf(p) === releaseOf(headers))
  try {
    return planOf(own, kernelRelease).image?.name === `linux-image-${unameOf(headers)}`
  } catch (error) {
    if (isProbeError(error, 'headers-not-found')) return false
    throw error
  }
}

/** Plans a kernel from these packages. @throws {ProbeError} `headers-not-found`. */
export function planOf(archive: readonly AptPackage[], kernelRelease: string): HeadersPlan {
  const headers = headersOf(archive, kernelRelease)
  const build = buildPackagesOf(headers).map((dependency) => satisfying(archive, dependency, headers))
  return {
    tag: 'headers',
    kernelRelease: canonicalRelease(archive, headers),
    unameRelease: unameOf(headers),
    headers: [...build, headers],
    tree: `usr/src/${headers.name}`,
    compiler: compilerOf(headers),
    image: imageOf(archive, headers),
  }
}

function planPackages(
  archive: readonly AptPackage[],
  { kernelRelease, unameRelease, compiler, compilerText, kernelUrls }: PackagesRequest,
): HeadersPlan {
  const headers = kernelUrls.map((url) => {
    const found = archive.find((pkg) => fileOf(pkg.url) === fileOf(url))
    if (found !== undefined) return found
    throw headersNotFound(`no package ${fileOf(url)} is in the suites that are configured`)
  })
  const own = headers.find(({ name }) => name === `linux-headers-${unameRelease}`)
  if (own === undefined) throw headersNotFound(`none of the packages is linux-headers-${unameRelease}`)
  return {
    tag: 'headers',
    kernelRelease,
    unameRelease,
    headers,
    tree: `usr/src/${own.name}`,
    compiler,
    compilerText,
    image: imageOf(archive, own),
  }
}

/**
 * Matches `linux-compiler-gcc-12-x86`, `gcc-12`, `gcc-14-for-host` (since 7.0, for any machine), and the
 * cross compiler `gcc-12-aarch64-linux-gnu`. The version of the compiler matters, not the machine that it
 * runs on.
 */
const COMPILER =
  /^(?:linux-compiler-)?(gcc-\d+(?:\.\d+)?)(?:-x86|-arm|-for-host|-(?:[a-z0-9_]+-)+gnu[a-z0-9]*)?$/

/** @throws {ProbeError} `headers-not-found`. */
export function compilerOf(headers: AptPackage): string {
  const compilers = dependenciesOf(headers).map(({ name }) => COMPILER.exec(name)?.[1])
  const compiler = compilers.find((found) => found !== undefined)
  if (compiler !== undefined) return compiler
  throw headersNotFound(`${headers.name} does not say which compiler built its kernel`)
}
