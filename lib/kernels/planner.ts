// Defines the contract of a planner, which finds the sources of a kernel's build tree.

import type { Certificate } from '../formats/openpgp/certificates.ts'
import type { Stored } from '../model/digest.ts'
import type { SubmittedKernel } from '../model/kernel.ts'
import type { Clock, Fetch, ListDates, Log, Store } from '../model/ports.ts'
import type { Arch, ConfigHash, KernelImage, Machines, Package, Probe, Source } from '../model/probe.ts'

/** Fields of every plan. */
interface OfKernel {
  /** the kernel release that current clients put into probe names; the requested name may be an older one */
  readonly kernelRelease: string
  /** the real `uname -r` */
  readonly unameRelease: string
  /** command name of the compiler that the kernel requires, e.g. `gcc-12` */
  readonly compiler: string
  /** CONFIG_CC_VERSION_TEXT of the kernel's config: the first line of its compiler's `--version` */
  readonly compilerText?: string | undefined
  /** the file or package with the kernel's image, for a load test; absent if the distribution has none */
  readonly image?: KernelImage | undefined
}

/** A plan whose build tree comes in the distribution's packages. */
export interface HeadersPlan extends OfKernel {
  readonly tag: 'headers'
  /** header packages, in unpacking order */
  readonly headers: readonly Package[]
  /** folder of the build tree below the unpacked packages, e.g. `usr/src/linux-headers-6.1.0-56-amd64` */
  readonly tree: string
  /** the oldest compiler that accepts the flags of these headers, e.g. `gcc-12`; absent: any */
  readonly leastCompiler?: string | undefined
}

/** A plan whose build tree is made from source and a config, submitted or signed by the distribution. */
export interface SourcePlan extends OfKernel {
  readonly tag: 'source'
  readonly source: Package
  /** sanitized, as the build sees it */
  readonly config: Stored
  /** the signed file from which the config was read; absent: a host submitted it */
  readonly configFrom?: Source | undefined
  readonly symvers: Stored | undefined
  readonly kheaders: Stored | undefined
  /** identifies everything that the tree is made from, except the build root */
  readonly treeId: string
}

export type KernelPlan = HeadersPlan | SourcePlan

type Compiled = Pick<SubmittedKernel, 'arch' | 'kernelRelease' | 'unameRelease' | 'compiler' | 'compilerText'>

/** A kernel whose build tree is made from source; `sourceVersion`: e.g. `6.1.96`. */
export type SourceKernel = Compiled &
  Pick<SubmittedKernel, 'config' | 'symvers' | 'kheaders' | 'sourceVersion' | 'patched'> &
  Partial<Pick<SubmittedKernel, 'force'>>

/** A submitted kernel whose header packages the host names. */
export type PackagesRequest = Compiled & Pick<SubmittedKernel, 'kernelUrls'>

/** A kernel as the loaders of 2015 to 2020 name it, by the md5 of /proc/config.gz or /boot/config-*. */
export type ConfigRequest = Pick<ConfigHash, 'arch' | 'unameRelease' | 'configMd5'>

export type KernelRequest = Pick<Probe, 'arch' | 'kind' | 'kernelRelease' | 'kernelVersion'>

export type NamedKernel = Pick<KernelRequest, 'arch' | 'kernelRelease'>

/** The parts that clients put into the names of a kernel's probes. */
export type KernelName = Pick<KernelRequest, 'kernelRelease' | 'kernelVersion'>

/** Plans the kernels of one distribution, from its signed lists or packages. */
export interface Planner {
  /**
   * @throws {ProbeError} `headers-not-found`, `mirror-unreachable`, `signature-invalid`, `digest-mismatch`.
   */
  plan(request: KernelRequest): Promise<KernelPlan>
  /**
   * Returns the current name of the distribution's own kernel with that release and exactly that config.
   * @throws {ProbeError} as for `plan`; `headers-not-found` if its config is different.
   */
  identify(request: ConfigRequest): Promise<KernelName>
  /**
   * Plans a kernel from packages that a host names by URL. Only the file names count: nothing is fetched from
   * URLs that a client sends, and the packages come from the archive.
   * @throws {ProbeError} as for `plan`.
   */
  planPackages(request: PackagesRequest): Promise<HeadersPlan>
  /**
   * Returns all versions of a package, e.g. of a kernel's source, newest first. `isIt` recognizes the wanted
   * version. Absent: no package has kernel.org's own source. Ubuntu's contain Canonical's changes.
   * @throws {ProbeError} `mirror-unreachable` if the wanted version was not found, and a list that may have
   * it could not be read; else as for `plan`, but not `headers-not-found`.
   */
  find?(name: string, arch: Arch, isIt: (pkg: Package) => boolean): Promise<readonly Package[]>
  /**
   * Stores a package of one of its plans in the inputs bucket, and verifies its own signature. Absent:
   * the plan's digests suffice.
   * @throws {ProbeError} as for a plan.
   */
  bring?(pkg: KernelImage): Promise<void>
  /**
   * The trusted keys whose expiry is watched.
   * @throws {ProbeError} `misconfigured` if a text in the settings is not a key.
   */
  certificates(): readonly Certificate[]
}

/** The planner of a distribution whose build trees all come in packages. */
export interface HeadersPlanner extends Planner {
  plan(request: KernelRequest): Promise<HeadersPlan>
}

export interface PlannerPorts {
  readonly fetch: Fetch
  /** stores packages and parsed lists, by digest */
  readonly inputs: Store
  readonly lists: ListDates
  readonly log: Log
  readonly now: Clock
  /** architecture of the machines that build for each architecture; absent: the same */
  readonly machines?: Machines
  /** whether a plan names the kernel's image, if that needs a download; default: yes */
  readonly images?: boolean
}
