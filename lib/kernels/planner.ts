// The contract of a planner: which packages make a kernel's build tree.

import type { Certificate } from '../formats/openpgp/certificates.ts'
import type { Stored } from '../model/digest.ts'
import type { SubmittedKernel } from '../model/kernel.ts'
import type { Clock, Fetch, ListDates, Log, Store } from '../model/ports.ts'
import type { Arch, KernelImage, Kind, Machines, Package, Source } from '../model/probe.ts'

/** What every plan of a kernel says. */
interface OfKernel {
  /** what clients of today put into the name of this kernel's probes; what was asked for may be an older name */
  readonly kernelRelease: string
  /** the real `uname -r` */
  readonly unameRelease: string
  /** command name of the compiler that the kernel asks for, e.g. `gcc-12` */
  readonly compiler: string
  /** of the kernel's config: the first line of its compiler's `--version`, CONFIG_CC_VERSION_TEXT */
  readonly compilerText?: string | undefined
  /** what holds the kernel's own image, for a load test; none where the distribution has none */
  readonly image?: KernelImage | undefined
}

/** The build tree comes in the distribution's packages. */
export interface HeadersPlan extends OfKernel {
  readonly tag: 'headers'
  /** header packages, in the order in which they are unpacked */
  readonly headers: readonly Package[]
  /** folder of the kernel build tree below the unpacked packages, e.g. `usr/src/linux-headers-6.1.0-56-amd64` */
  readonly tree: string
  /** command name of the oldest compiler that takes the flags which these headers give it, e.g. `gcc-12`; absent: any does */
  readonly leastCompiler?: string | undefined
}

/** The build tree is made of the kernel's source and a config: a submitted one, or one that the distribution has signed. */
export interface SourcePlan extends OfKernel {
  readonly tag: 'source'
  readonly source: Package
  /** as a build sees it */
  readonly config: Stored
  /** the signed file that the config was read from; absent: a host submitted it */
  readonly configFrom?: Source | undefined
  readonly symvers: Stored | undefined
  readonly kheaders: Stored | undefined
  /** of all that the tree is made of, but the root in which it is made */
  readonly treeId: string
}

export type KernelPlan = HeadersPlan | SourcePlan

/** What such a build tree is made of; `sourceVersion`: e.g. `6.1.96`. */
export type SourceKernel = Pick<
  SubmittedKernel,
  | 'arch'
  | 'kernelRelease'
  | 'unameRelease'
  | 'compiler'
  | 'compilerText'
  | 'config'
  | 'symvers'
  | 'kheaders'
  | 'sourceVersion'
  | 'patched'
> &
  Partial<Pick<SubmittedKernel, 'force'>>

/** A kernel as the loaders of 2015 to 2020 named it. */
export interface ConfigRequest {
  readonly arch: Arch
  readonly unameRelease: string
  /** lower-case hex, of the config as /proc/config.gz or /boot/config-* has it, decompressed */
  readonly configMd5: string
}

export interface KernelRequest {
  readonly arch: Arch
  readonly kind: Kind
  readonly kernelRelease: string
  readonly kernelVersion: string
}

/** A submitted kernel whose header packages the host names. */
export type PackagesRequest = Pick<
  SubmittedKernel,
  'arch' | 'kernelRelease' | 'unameRelease' | 'compiler' | 'compilerText' | 'kernelUrls'
>

export type NamedKernel = Pick<KernelRequest, 'arch' | 'kernelRelease'>

/** What clients put into the name of a kernel's probes. */
export type KernelName = Pick<KernelRequest, 'kernelRelease' | 'kernelVersion'>

/** One distribution's kernels, each answer from its metadata, checked against its signature. */
export interface Planner {
  /** @throws {ProbeError} `headers-not-found`, `mirror-unreachable`, `signature-invalid`, `digest-mismatch`. */
  plan(request: KernelRequest): Promise<KernelPlan>
  /**
   * The name of today of the distribution's own kernel with that release and exactly that config.
   * @throws {ProbeError} as for `plan`; `headers-not-found` where the config is another.
   */
  identify(request: ConfigRequest): Promise<KernelName>
  /**
   * Against packages of the archive that a host names by their URLs, of which only the file names count: nothing is
   * fetched from where a client says.
   * @throws {ProbeError} as for `plan`.
   */
  planPackages(request: PackagesRequest): Promise<HeadersPlan>
  /**
   * Each version of that package, e.g. of a kernel's source, newest first. `isIt`: which of them is wanted.
   * @throws {ProbeError} `mirror-unreachable` where none of them is, and a list that may have it could not be read; and as
   * for `plan`, but not `headers-not-found`.
   */
  find(name: string, arch: Arch, isIt: (pkg: Package) => boolean): Promise<readonly Package[]>
  /**
   * Puts a package that one of its plans named into the inputs, believed as this distribution's packages are: by a list that
   * was signed, or by its own signature.
   * @throws {ProbeError} as for a plan.
   */
  bring(pkg: KernelImage): Promise<void>
  /** Whose signatures are believed: their ends are watched. ProbeError `misconfigured` for a text in the settings that is not a key. */
  certificates(): readonly Certificate[]
}

/** Of a distribution whose build trees all come in packages. */
export interface HeadersPlanner extends Planner {
  plan(request: KernelRequest): Promise<HeadersPlan>
}

export interface PlannerPorts {
  readonly fetch: Fetch
  /** keeps packages, and what was read of the distribution's lists, by digest */
  readonly inputs: Store
  readonly lists: ListDates
  readonly log: Log
  readonly now: Clock
  /** whose programs the build trees of each architecture have; absent: each its own */
  readonly machines?: Machines
  /** whether a plan names the kernel's image, where that costs a download */
  readonly images?: boolean
}
