// What every planner of a family of targets answers: which packages make this kernel's build tree.

import type { Arch, Kind } from '../probe.ts'

export interface Package {
  readonly name: string
  readonly version: string
  readonly url: string
  /** lower-case hex, from the distribution's signed metadata */
  readonly sha256: string
  readonly bytes: number
}

export interface KernelPlan {
  /** what clients of today put into the name of this kernel's probes; what was asked for may be an older name */
  readonly kernelRelease: string
  /** the real `uname -r` of the headers */
  readonly unameRelease: string
  /** header packages, in the order in which they are unpacked */
  readonly headers: readonly Package[]
  /** folder of the kernel build tree below the unpacked packages, e.g. `usr/src/linux-headers-6.1.0-56-amd64` */
  readonly tree: string
  /** command name of the compiler that built the kernel, e.g. `gcc-12` */
  readonly compiler: string
  /** packages that a build image without clang or bubblewrap installs, dependencies first */
  readonly toolchain: readonly Package[]
}

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
  plan(request: KernelRequest): Promise<KernelPlan>
  /**
   * The name of today of the distribution's own kernel with that release and exactly that config.
   * ProbeError as for `plan`; `headers-not-found` where the config is another.
   */
  identify(request: ConfigRequest): Promise<Pick<KernelRequest, 'kernelRelease' | 'kernelVersion'>>
}
