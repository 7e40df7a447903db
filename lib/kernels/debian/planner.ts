// Plans of Debian's kernels: which packages make the build tree, out of the archive's own signed lists.

import { aptArchive, keepOf } from '../../archives/apt/archive.ts'
import type { AptPackage } from '../../archives/apt/packages.ts'
import { type Dependency, dependenciesOf, satisfying } from '../../archives/apt/relations.ts'
import { compareVersions } from '../../archives/apt/version.ts'
import { DEBIAN_KEYRING } from '../../archives/keys/debian.ts'
import { ProbeError } from '../../model/errors.ts'
import type { HeadersPlan, KernelRequest, PackagesRequest, Planner, PlannerPorts } from '../planner.ts'
import type { TargetSettings } from '../targets.ts'
import { compilerTextOf } from './compiler-text.ts'
import { canonicalRelease, headersOf, unameReleaseOf } from './headers.ts'
import { identify } from './identify.ts'
import { imageOf } from './image.ts'
import { checkDebian } from './names.ts'

const KERNEL_PACKAGES = /^linux-(headers-\d|image-\d(?!.*-dbg$)|kbuild-|compiler-|source-\d)/

export function debianPlanner(ports: PlannerPorts, { debian }: Pick<TargetSettings, 'debian'>): Planner {
  const keep = keepOf([], KERNEL_PACKAGES)
  const archive = aptArchive(ports, { suites: debian.suites, keyring: DEBIAN_KEYRING, keep })
  return {
    identify: async (request) => identify(ports, await archive.packages(request.arch), request),
    plan: async (request) => {
      const planned = planOf(await archive.packages(request.arch), request)
      return { ...planned, compilerText: await compilerTextOf(ports, planned) }
    },
    planPackages: async (request) => planPackages(await archive.packages(request.arch), request),
    find: async (name, arch) =>
      (await archive.packages(arch))
        .filter((pkg) => pkg.name === name)
        .toSorted((a, b) => compareVersions(b.version, a.version)),
  }
}

function planOf(archive: readonly AptPackage[], request: KernelRequest): HeadersPlan {
  checkDebian(request)
  const headers = headersOf(archive, request.kernelRelease)
  const dependencies = dependenciesOf(headers)
  const build = dependencies
    .filter(({ name }) => /^linux-(headers-.*-common(-rt)?|kbuild-.*)$/.test(name))
    .map((dependency) => satisfying(archive, dependency, headers))
  return {
    tag: 'headers',
    kernelRelease: canonicalRelease(archive, headers),
    unameRelease: unameReleaseOf(headers),
    headers: [...build, headers],
    tree: `usr/src/${headers.name}`,
    compiler: compilerOf(dependencies, headers),
    image: imageOf(archive, headers),
  }
}

function planPackages(
  archive: readonly AptPackage[],
  { kernelRelease, unameRelease, compiler, kernelUrls }: PackagesRequest,
): HeadersPlan {
  const headers = kernelUrls.map((url) => {
    const found = archive.find((pkg) => fileOf(pkg.url) === fileOf(url))
    if (found !== undefined) return found
    throw new ProbeError(
      'headers-not-found',
      `no package ${fileOf(url)} is in the suites that are configured`,
    )
  })
  const own = headers.find(({ name }) => name === `linux-headers-${unameRelease}`)
  if (own === undefined)
    throw new ProbeError('headers-not-found', `none of the packages is linux-headers-${unameRelease}`)
  return {
    tag: 'headers',
    kernelRelease,
    unameRelease,
    headers,
    tree: `usr/src/${own.name}`,
    compiler,
    image: imageOf(archive, own),
  }
}

const fileOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1).replaceAll(/%2b/gi, '+')

function compilerOf(dependencies: readonly Dependency[], { name }: AptPackage): string {
  const compilers = dependencies.map((d) => /^(?:linux-compiler-)?(gcc-\d+)(?:-x86|-arm)?$/.exec(d.name)?.[1])
  const compiler = compilers.find((found) => found !== undefined)
  if (compiler !== undefined) return compiler
  throw new ProbeError('headers-not-found', `${name} does not say which compiler built its kernel`)
}
