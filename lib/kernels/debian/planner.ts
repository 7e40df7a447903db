// Plans of Debian's kernels: which packages make the build tree, out of the archive's own signed lists.

import { createHash } from 'node:crypto'
import type { Suite } from '../../archives/apt/in-release.ts'
import {
  type DebianPackage,
  fetchPackages,
  type Keep,
  type PackagesPorts,
} from '../../archives/apt/packages.ts'
import { compareVersions } from '../../archives/apt/version.ts'
import type { Job } from '../../build/job.ts'
import { loadTestToolchainOf, TOOLCHAIN_NAMES, toolchainOf } from '../../build/toolchain.ts'
import { fileInDeb } from '../../formats/deb.ts'
import { ensureInput } from '../../inputs/inputs.ts'
import { ProbeError } from '../../model/errors.ts'
import { inputKey } from '../../model/keys.ts'
import type { Arch, Kind } from '../../model/probe.ts'
import type { ConfigRequest, HeadersPlan, KernelRequest, Planner } from '../planner.ts'
import { loadTestOf } from './image.ts'
import { checkDebian, DEBIAN_ARCH, type DebianRelease, formatRelease, parseRelease } from './names.ts'

export interface DebianOptions extends PackagesPorts {
  readonly suites: readonly Suite[]
  /** whether plans bring the tools that a bare build image lacks */
  readonly toolchain: boolean
  /** further packages that are looked up, e.g. of driver sources */
  readonly alsoKeep: readonly string[]
}

export interface DebianKernel {
  /** what clients ask for, e.g. `6.1.192-2-amd64` */
  readonly kernelRelease: string
  /** e.g. `6.1.0-56-amd64` */
  readonly unameRelease: string
}

/** A submitted kernel whose header packages the host names. */
export interface PackagesRequest {
  readonly arch: Arch
  readonly kernelRelease: string
  readonly unameRelease: string
  readonly compiler: string
  readonly kernelUrls: readonly string[]
}

export interface DebianPlanner extends Planner {
  /** Every kernel of the archive. */
  kernels(arch: Arch): Promise<readonly DebianKernel[]>
  /** The newest package of that name; `undefined` when the archive has none. */
  find(name: string, arch: Arch): Promise<DebianPackage | undefined>
  /**
   * Against packages of the archive that a host names by their URLs, of which only the file names count: nothing is
   * fetched from where a client says. ProbeError `headers-not-found`.
   */
  planPackages(kernel: PackagesRequest, kind: Kind): Promise<HeadersPlan>
  /** What a build of that kind brings to a bare image; nothing where the image has it all. */
  toolchain(arch: Arch, kind: Kind, kernel: Job['settings']['KERNEL']): Promise<readonly DebianPackage[]>
}

const KERNEL_PACKAGES = /^linux-(headers-\d|image-\d(?!.*-dbg$)|kbuild-|compiler-|source-\d)/

export function debianPlanner(options: DebianOptions): DebianPlanner {
  const keep = keepOf([...TOOLCHAIN_NAMES, ...options.alsoKeep])
  const archive = async (arch: Arch): Promise<readonly DebianPackage[]> => {
    const lists = options.suites.map((suite) => fetchPackages(options, suite, DEBIAN_ARCH[arch], keep))
    return (await Promise.all(lists)).flat()
  }
  return {
    target: 'debian',
    check: checkDebian,
    identify: async (request) => identify(options, await archive(request.arch), request),
    plan: async (request) => planOf(await archive(request.arch), request, options.toolchain),
    planPackages: async (kernel, kind) =>
      planPackages(await archive(kernel.arch), kernel, kind, options.toolchain),
    toolchain: async (arch, kind, kernel) =>
      options.toolchain ? toolchainOf(kind, finder(await archive(arch)), kernel) : [],
    kernels: async (arch) => kernelsOf(await archive(arch)),
    find: async (name, arch) => finder(await archive(arch))(name),
  }
}

function keepOf(names: readonly string[]): Keep {
  const kept = new Set(names)
  return {
    id: [KERNEL_PACKAGES.source, ...[...kept].sort()].join(' '),
    test: (name) => kept.has(name) || KERNEL_PACKAGES.test(name),
  }
}

function planOf(archive: readonly DebianPackage[], request: KernelRequest, toolchain: boolean): HeadersPlan {
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
    toolchain: toolchain ? toolchainOf(request.kind, finder(archive)) : [],
    ...loadTestOf(archive, headers, toolchain ? loadTestToolchainOf(request.arch, finder(archive)) : []),
  }
}

function planPackages(
  archive: readonly DebianPackage[],
  { arch, kernelRelease, unameRelease, compiler, kernelUrls }: PackagesRequest,
  kind: Kind,
  toolchain: boolean,
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
    toolchain: toolchain ? toolchainOf(kind, finder(archive)) : [],
    ...loadTestOf(archive, own, toolchain ? loadTestToolchainOf(arch, finder(archive)) : []),
  }
}

const fileOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1).replaceAll(/%2b/gi, '+')

/**
 * By package version, as the clients ask; else by the version before its `~`, since falcoctl takes only
 * `\d+\.\d+\.\d+-\d+` out of `uname -v` (its kernelrelease for Debian); else by the running kernel's own name.
 */
function headersOf(archive: readonly DebianPackage[], kernelRelease: string): DebianPackage {
  const asked = parseRelease(kernelRelease)
  const kernels = archive.filter(isKernelHeaders)
  const ofFlavour = kernels.filter((p) => parseRelease(unameReleaseOf(p))?.flavour === asked?.flavour)
  const found =
    newest(ofFlavour.filter(({ version }) => version === asked?.version)) ??
    newest(ofFlavour.filter(({ version }) => version.split('~')[0] === asked?.version)) ??
    newest(kernels.filter((p) => unameReleaseOf(p) === kernelRelease))
  if (found !== undefined) return found
  throw notFound(kernelRelease)
}

const notFound = (kernel: string): ProbeError =>
  new ProbeError(
    'headers-not-found',
    `Debian's archive has no headers of kernel ${kernel}: it was taken out of the archive, or is not in the suites that are configured. Upgrade the host to a kernel that the archive has.`,
  )

/** As falcoctl asks for it, unless that is the name of another kernel: then with the whole package version. */
function canonicalRelease(archive: readonly DebianPackage[], headers: DebianPackage): string {
  const flavour = parseRelease(unameReleaseOf(headers))?.flavour ?? ''
  const asked = formatRelease({ version: headers.version.split('~')[0] ?? '', flavour })
  return headersOf(archive, asked).name === headers.name
    ? asked
    : formatRelease({ version: headers.version, flavour })
}

/** By the config that lies in the header package, as it stands there or under /boot. */
async function identify(
  { inputs, fetch }: DebianOptions,
  archive: readonly DebianPackage[],
  { unameRelease, configMd5 }: ConfigRequest,
) {
  const headers = newest(archive.filter((p) => isKernelHeaders(p) && unameReleaseOf(p) === unameRelease))
  if (headers === undefined) throw notFound(unameRelease)
  await ensureInput(inputs, fetch, headers)
  const deb = await inputs.get(inputKey(headers.sha256), headers.bytes)
  const config = deb && (await fileInDeb(deb, `usr/src/${headers.name}/.config`, MAX_CONFIG))
  if (config === undefined || ![config, bootConfig(config)].some((known) => md5(known) === configMd5)) {
    throw new ProbeError(
      'headers-not-found',
      `the config of Debian's kernel ${unameRelease} has not the md5 ${configMd5}: this host runs a kernel of its own`,
    )
  }
  return { kernelRelease: canonicalRelease(archive, headers), kernelVersion: '1' }
}

const MAX_CONFIG = 1024 * 1024

/** What a host has under /boot: Debian's kernel packages leave out what only the build of the kernel used (debian/rules.real). */
const bootConfig = (config: Uint8Array): Uint8Array =>
  Buffer.from(
    Buffer.from(config)
      .toString('latin1')
      .replace(
        /^(?:# )?CONFIG_(?:BUILD_SALT|MODULE_SIG_ALL|MODULE_SIG_KEY|SYSTEM_TRUSTED_KEYS)[ =].*\n/gm,
        '',
      ),
    'latin1',
  )

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

/** Not a metapackage, nor the part that flavours share: a package of one kernel. */
const isKernelHeaders = (p: DebianPackage): boolean =>
  p.name.startsWith('linux-headers-') &&
  parseRelease(unameReleaseOf(p)) !== undefined &&
  dependenciesOf(p).some(({ name }) => name.startsWith('linux-kbuild-'))

const unameReleaseOf = ({ name }: DebianPackage): string => name.slice('linux-headers-'.length)

const kernelsOf = (archive: readonly DebianPackage[]): DebianKernel[] =>
  archive.filter(isKernelHeaders).flatMap((p) => {
    const named: DebianRelease | undefined = parseRelease(unameReleaseOf(p))
    if (named === undefined) return []
    const version = p.version.split('~')[0] ?? p.version
    return [{ kernelRelease: formatRelease({ ...named, version }), unameRelease: unameReleaseOf(p) }]
  })

interface Dependency {
  readonly name: string
  readonly relation: string | undefined
  readonly version: string | undefined
}

/** `Depends` (Debian Policy, 7.1), of each group of alternatives the first. */
const dependenciesOf = ({ depends }: DebianPackage): Dependency[] =>
  depends.split(',').flatMap((group) => {
    const match = /^\s*([a-z0-9][a-z0-9.+-]*)(?::\w+)?\s*(?:\(\s*(<<|<=|=|>=|>>)\s*([^\s)]+)\s*\))?/.exec(
      group,
    )
    return match?.[1] === undefined ? [] : [{ name: match[1], relation: match[2], version: match[3] }]
  })

/** Of the headers' own version where there is one, else the oldest that will do. */
function satisfying(
  archive: readonly DebianPackage[],
  { name, relation, version }: Dependency,
  of: DebianPackage,
) {
  const named = archive.filter((p) => p.name === name)
  const fits = named
    .filter((p) => {
      if (version === undefined) return true
      const order = compareVersions(p.version, version)
      return relation === '=' ? order === 0 : order >= 0
    })
    .sort((a, b) => compareVersions(a.version, b.version))
  const found = fits.find((p) => p.version === of.version) ?? fits[0]
  if (found !== undefined) return found
  throw new ProbeError(
    'headers-not-found',
    `Debian's archive has ${of.name} ${of.version}, but not the ${name} ${relation ?? ''} ${version ?? ''} that it needs`,
  )
}

function compilerOf(dependencies: readonly Dependency[], { name }: DebianPackage): string {
  const compilers = dependencies.map((d) => /^(?:linux-compiler-)?(gcc-\d+)(?:-x86|-arm)?$/.exec(d.name)?.[1])
  const compiler = compilers.find((found) => found !== undefined)
  if (compiler !== undefined) return compiler
  throw new ProbeError('headers-not-found', `${name} does not say which compiler built its kernel`)
}

const finder =
  (archive: readonly DebianPackage[]) =>
  (name: string): DebianPackage | undefined =>
    newest(archive.filter((p) => p.name === name))

const newest = (packages: readonly DebianPackage[]): DebianPackage | undefined =>
  packages.toSorted((a, b) => compareVersions(a.version, b.version)).at(-1)
