// What a probe is, and the states it goes through.

export const ARCHES = ['x86_64', 'aarch64'] as const
export type Arch = (typeof ARCHES)[number]

export const KINDS = ['kmod', 'ebpf'] as const
export type Kind = (typeof KINDS)[number]

export const DRIVER_NAMES = ['falco', 'scap'] as const
export type DriverName = (typeof DRIVER_NAMES)[number]

/** The identity of one probe: everything that a client's URL says. */
export interface Probe {
  /** version of the driver sources, e.g. `0.1.1dev+git20220316.e5c53d64` or `10.2.0+driver` */
  readonly driverVersion: string
  readonly arch: Arch
  readonly driverName: DriverName
  /** distribution id, e.g. `debian` */
  readonly target: string
  /** what the client puts in the name: on Debian the package version and flavour, not `uname -r` */
  readonly kernelRelease: string
  readonly kernelVersion: string
  readonly kind: Kind
  /**
   * Of a kernel that a host submitted: 64 hex digits, the sha256 of its config, or of all that was submitted.
   * Absent: the distribution's own kernel, which no submission can decide.
   */
  readonly config?: string
}

/** A probe as the names of 2015 to 2020 say it: no target, but the kernel's own release and the digest of its config. */
export interface ConfigHash {
  readonly driverVersion: string
  readonly driverName: DriverName
  readonly arch: Arch
  /** the real `uname -r` */
  readonly unameRelease: string
  /** md5 of the decompressed kernel config, lower-case hex */
  readonly configMd5: string
  readonly kind: Kind
}

/** A package or archive that went into a build, with the digest it was checked against. */
export interface Source {
  /** package name, or the archive's own name */
  readonly name: string
  readonly version: string
  /** where it was first fetched from; never a presigned URL */
  readonly url: string
  /** lower-case hex */
  readonly sha256: string
}

/** A file of a distribution's archive. */
export interface Package {
  readonly name: string
  readonly version: string
  readonly url: string
  /** lower-case hex, from the distribution's signed metadata */
  readonly sha256: string
  readonly bytes: number
}

/** Where a published probe came from: the answer to promise 11. */
export interface Provenance {
  /** the real `uname -r`; the module's vermagic starts with it */
  readonly unameRelease: string
  readonly driverSource: Source
  readonly headers: readonly Source[]
  /** e.g. `gcc-12`, as the plan chose it */
  readonly compiler: string
  /** first line of the compiler's own `--version`, as the build reported it (untrusted text) */
  readonly compilerVersion: string
  /** seconds of each build step, as the build reported them */
  readonly timings: Readonly<Record<string, number>>
}

/** What became of the probe when its own kernel loaded it; bounded, printable. */
export interface LoadTest {
  /** `unavailable`: nothing was found out, e.g. because there is no image of that kernel */
  readonly verdict: 'passed' | 'failed' | 'unavailable'
  readonly reason: string
  /** what was looked at, e.g. `insmod`, `device` */
  readonly checked: readonly string[]
  /** what the kernel said */
  readonly lines: readonly string[]
}

export interface Publication {
  /** lower-case hex of the probe's bytes */
  readonly sha256: string
  readonly bytes: number
  /** object key of the probe in the artifacts bucket; `.asc`, `.sha256` and `.log` stand beside it */
  readonly objectKey: string
  readonly provenance: Provenance
  /** milliseconds since the epoch */
  readonly publishedAt: number
  /** absent: switched off, or not known yet */
  readonly loadTest?: LoadTest
}

export const FAILURE_REASONS = [
  'headers-not-found',
  'driver-source-not-found',
  'compile-error',
  'verification-failed',
  'build-broken',
  'build-timeout',
  'build-lost',
  'cannot-load',
  'load-test',
  'plan-error',
  'budget-spent',
] as const
export type FailureReason = (typeof FAILURE_REASONS)[number]

export interface Failure {
  readonly reason: FailureReason
  /** for a person: what happened and what to do; bounded, printable */
  readonly detail: string
  /** milliseconds since the epoch; before it the probe is not built again */
  readonly retryAt: number
  /** object key of the build log in the artifacts bucket, when there is one */
  readonly logKey?: string
}

export interface Claim {
  /** random id of the one build that may publish or fail the probe */
  readonly claim: string
  /** builds tried so far, this one included */
  readonly attempt: number
  /** milliseconds since the epoch; past it anyone may take the claim over */
  readonly deadline: number
  /** milliseconds since the epoch */
  readonly claimedAt: number
  /** CodeBuild's id, once the build was started */
  readonly buildId?: string
  /** what that build is; absent: it makes the probe */
  readonly phase?: 'load-test'
}

/** `absent` is the lack of a state. Forward only; `published` and `alias` are terminal. */
export type ProbeState =
  | ({ readonly state: 'building' } & Claim)
  | ({ readonly state: 'failed'; readonly attempt: number; readonly claim: string } & Failure)
  /** an older name of the kernel whose probe is at the key `of` */
  | { readonly state: 'alias'; readonly attempt: number; readonly claim: string; readonly of: string }
  | ({ readonly state: 'published'; readonly attempt: number; readonly claim: string } & Publication)
