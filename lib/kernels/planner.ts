// What every planner of a family of targets answers: which packages make this kernel's build tree.

import type { Stored } from '../model/digest.ts'
import type { Arch, Kind, Package } from '../model/probe.ts'

/** What every plan of a kernel says. */
interface OfKernel {
  /** what clients of today put into the name of this kernel's probes; what was asked for may be an older name */
  readonly kernelRelease: string
  /** the real `uname -r` */
  readonly unameRelease: string
  /** command name of the compiler, e.g. `gcc-12` */
  readonly compiler: string
  /** packages that a build image without clang or bubblewrap installs, dependencies first */
  readonly toolchain: readonly Package[]
  /** what a load test needs; none where the distribution has no image of this kernel */
  readonly loadTest?: LoadTestPlan
}

export interface LoadTestPlan {
  /** holds `boot/vmlinuz-{unameRelease}` */
  readonly image: Package
  /** packages that a build image without a virtual machine installs, dependencies first */
  readonly toolchain: readonly Package[]
}

/** The build tree comes in the distribution's packages. */
export interface HeadersPlan extends OfKernel {
  readonly tag: 'headers'
  /** header packages, in the order in which they are unpacked */
  readonly headers: readonly Package[]
  /** folder of the kernel build tree below the unpacked packages, e.g. `usr/src/linux-headers-6.1.0-56-amd64` */
  readonly tree: string
}

/** The build tree is made of the kernel's source and a submitted config. */
export interface SourcePlan extends OfKernel {
  readonly tag: 'source'
  readonly source: Package
  readonly format: 'deb' | 'tar.gz' | 'tar.xz'
  readonly config: Stored
  readonly symvers: Stored | undefined
  readonly kheaders: Stored | undefined
  /** under which the tree is kept */
  readonly treeId: string
  /** the tree, where an earlier build has made it */
  readonly prepared: Stored | undefined
}

export type KernelPlan = HeadersPlan | SourcePlan

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

export interface Planner {
  readonly target: string
  /**
   * Pure: throws ProbeError `unsupported-kernel` for names that this target cannot have, so that a forged
   * name costs nothing.
   */
  check(request: KernelRequest): void
  /**
   * From the distribution's metadata, checked against its signature.
   * ProbeError `headers-not-found`, `mirror-unreachable`, `signature-invalid`, `digest-mismatch`.
   */
  plan(request: KernelRequest): Promise<HeadersPlan>
  /**
   * The name of today of the distribution's own kernel with that release and exactly that config.
   * ProbeError as for `plan`; `headers-not-found` where the config is another.
   */
  identify(request: ConfigRequest): Promise<Pick<KernelRequest, 'kernelRelease' | 'kernelVersion'>>
}
