// Defines a probe and its states. Stored data have schemas, from which their types are inferred.

import * as z from 'zod'
import { sha256Hex } from './digest.ts'
import type { Read } from './parse.ts'

export const ARCHES = ['x86_64', 'aarch64'] as const
export type Arch = (typeof ARCHES)[number]

/** Architecture of the machine that builds, by architecture of the probe. */
export type Machines = Readonly<Record<Arch, Arch>>

export const KINDS = ['kmod', 'ebpf'] as const
export type Kind = (typeof KINDS)[number]

export const DRIVER_NAMES = ['falco', 'scap'] as const
export type DriverName = (typeof DRIVER_NAMES)[number]

/** The identity of a probe: all parts of the URL that a client requests. */
export interface Probe {
  /** version of the driver sources, e.g. `0.1.1dev+git20220316.e5c53d64` or `11.0.0+driver` */
  readonly driverVersion: string
  readonly arch: Arch
  readonly driverName: DriverName
  /** distribution id, e.g. `debian` */
  readonly target: string
  /** as in the name that the client requests: on Debian the package version and flavour, not `uname -r` */
  readonly kernelRelease: string
  readonly kernelVersion: string
  readonly kind: Kind
  /**
   * Only for a submitted kernel: 64 hex digits, the sha256 of its config or of the complete submission.
   * Absent: it is the distribution's own kernel, which submissions cannot change.
   */
  readonly config?: string
}

/** A probe in a name of 2015 to 2020: without a target, but with the real kernel release and the digest of the config. */
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

/** Ways to build driver sources. `makefile`: with their own Makefile. `libs`: like falcosecurity/libs since 2.0.0. */
export const RECIPES = ['makefile', 'libs'] as const
export type Recipe = (typeof RECIPES)[number]

/** Formats of packages and source archives that `buildspecs/` can unpack. */
export const PACKAGE_FORMATS = ['deb', 'rpm', 'tar.gz', 'tar.xz', 'tar.zst'] as const
export type PackageFormat = (typeof PACKAGE_FORMATS)[number]

/** A package or archive of a build, with its verified digest. */
export const sourceSchema = z.object({
  /** package name, or the archive's own name */
  name: z.string(),
  version: z.string(),
  /** URL of its first download; never a presigned URL */
  url: z.string(),
  sha256: sha256Hex,
  /** no signature covers it: the operator allows to trust its server (TLS) */
  unsigned: z.literal(true).optional(),
})
export type Source = Read<typeof sourceSchema>

/** A file of a distribution's archive, with the digest from the archive's metadata. */
export const packageSchema = sourceSchema.extend({
  bytes: z.number(),
  format: z.enum(PACKAGE_FORMATS),
  /** target whose keys must sign the package itself; absent: the digest is from a signed list */
  signedFor: z.string().optional(),
})
export type Package = Read<typeof packageSchema>

/** The package that contains a kernel's image. With the format `vmlinuz`: the image itself. */
export const imageSchema = packageSchema.extend({ format: z.enum([...PACKAGE_FORMATS, 'vmlinuz']) })
export type KernelImage = Read<typeof imageSchema>

/** The build root of a probe. `id`: digest of the list of its packages. `digest`: digest of its contents. */
export const rootSchema = z.object({
  id: z.string(),
  digest: z.string(),
  /** suite of its packages, e.g. `bookworm` */
  suite: z.string(),
  /** how its compiler fits the kernel's: the same (`text`), the same major version, or the nearest */
  match: z.enum(['text', 'major', 'nearest']),
})
export type ProbeRoot = Read<typeof rootSchema>

/** An objection to a probe, which the submitter overruled with `force`. */
export const objectionSchema = z.object({
  /** code of a verdict on the config, or `patched-kernel` or `lost-options` */
  code: z.string(),
  /** the deciding option, e.g. `CONFIG_RHEL_DIFFERENCES` */
  option: z.string(),
  /** human-readable */
  detail: z.string(),
})
export type Objection = Read<typeof objectionSchema>

/** The provenance of a published probe, which is `manifest` in its `.json`. */
export const provenanceSchema = z.object({
  /** the real `uname -r`; the module's vermagic starts with it */
  unameRelease: z.string(),
  driverSource: sourceSchema,
  headers: z.array(sourceSchema),
  /** the command that the plan chose, e.g. `gcc-12` */
  compiler: z.string(),
  /** first line of the compiler's own `--version`, as the build reported it (untrusted text) */
  compilerVersion: z.string(),
  /** older probes lack it */
  root: rootSchema.optional(),
  /** seconds of each build step, as the build reported them */
  timings: z.object({}).catchall(z.number()),
  /** absent: no objections */
  forced: z.array(objectionSchema).optional(),
})
export type Provenance = Read<typeof provenanceSchema>

/** Events that the load test read from the probe, or the reason why it did not try. */
const captureSchema = z.union([
  z.object({
    /** number of well-formed events; an eBPF probe's are from its simplest program */
    events: z.int().positive(),
    /** number of ring buffers (module) or perf buffers (eBPF): one for each processor */
    buffers: z.int().positive(),
    /** version of the driver's API, as reported by the probe, e.g. `8.0.4` */
    api: z.string(),
  }),
  z.object({ untried: z.string() }),
])

/** Result of the load test. Its texts are printable and have limits. */
export const loadTestSchema = z.object({
  /** `unavailable`: the test has no result, e.g. because there is no image of that kernel */
  verdict: z.enum(['passed', 'failed', 'unavailable']),
  reason: z.string(),
  /** checks that the test made, e.g. `insmod`, `device` */
  checked: z.array(z.string()),
  /** lines of the kernel's log */
  lines: z.array(z.string()),
  /** absent: the test ended before this check, or is older than this check */
  capture: captureSchema.optional(),
})
export type LoadTest = Read<typeof loadTestSchema>

const publicationSchema = z.object({
  /** digest of the probe */
  sha256: sha256Hex,
  bytes: z.number(),
  /** object key of the probe in the artifacts bucket; `.asc`, `.sha256` and `.log` are its sidecars */
  objectKey: z.string(),
  provenance: provenanceSchema,
  /** milliseconds since the epoch */
  publishedAt: z.number(),
  /** absent: load tests are off, or this one has no result yet */
  loadTest: loadTestSchema.optional(),
  /** an operator withdrew the probe: its objects stay, but the registry does not serve them */
  withdrawn: z
    .object({
      /** human-readable line */
      reason: z.string(),
      /** milliseconds since the epoch */
      at: z.number(),
    })
    .optional(),
})
export type Publication = Read<typeof publicationSchema>

export const FAILURE_REASONS = [
  ...(['headers-not-found', 'driver-source-not-found', 'compile-error', 'verification-failed'] as const),
  ...(['build-broken', 'build-timeout', 'build-lost', 'cannot-load', 'load-test'] as const),
  ...(['mirror-unreachable', 'no-room', 'plan-error', 'budget-spent'] as const),
] as const
export type FailureReason = (typeof FAILURE_REASONS)[number]

/** Older items contain this name for `build-broken`. */
const FORMERLY = 'build-error'

const failureSchema = z.object({
  reason: z.preprocess((reason) => (reason === FORMERLY ? 'build-broken' : reason), z.enum(FAILURE_REASONS)),
  /** human-readable: cause and remedy; printable, with a limit */
  detail: z.string(),
  /** time of the next possible build, in milliseconds since the epoch */
  retryAt: z.number(),
  /** object key of the build log in the artifacts bucket; absent: there is no log */
  logKey: z.string().optional(),
})
export type Failure = Read<typeof failureSchema>

const builtBy = z.object({
  /** random id of the claim; only the build with this claim may publish or fail the probe */
  id: z.string(),
  /** number of attempts, including this one */
  attempt: z.number(),
})

/** Members for a load test that runs, waits or must be repeated. */
const testingShape = {
  /** number of the test, from 1; absent: none was requested, or there is a verdict */
  test: z.number().optional(),
  /** CodeBuild's id of the running build */
  buildId: z.string().optional(),
  /** start of the wait for its turn, in milliseconds since the epoch; absent: it does not wait */
  queuedAt: z.number().optional(),
  /** number of tests that do not count, because they never began, or were stopped for a build that somebody waited for */
  spared: z.number().optional(),
}

export const claimSchema = builtBy.extend({
  /** milliseconds since the epoch; after it, anyone may take over the claim */
  deadline: z.number(),
  /** milliseconds since the epoch */
  claimedAt: z.number(),
  /** absent: the phase is the build */
  phase: z.literal('load-test').optional(),
  /** the caller whose limits it counts against: an IPv4 address or an IPv6 /64 */
  caller: z.string().optional(),
  /** start of the last plan, in milliseconds since the epoch; absent: none yet */
  plannedAt: z.number().optional(),
  /** last sign of life of a waiting client, in milliseconds since the epoch; absent: none since the claim */
  waitedAt: z.number().optional(),
  /** digest of the verified probe, during its load test; `bytes` is its size */
  sha256: sha256Hex.optional(),
  bytes: z.number().optional(),
  ...testingShape,
})
export type Claim = Read<typeof claimSchema>

/** States only move forward, and `published` and `alias` are terminal. The state `absent` is the absence of an item. */
export const stateSchema = z.discriminatedUnion('state', [
  claimSchema.extend({ state: z.literal('building') }),
  failureSchema.extend({ state: z.literal('failed'), ...builtBy.shape }),
  /** an older name of a kernel; its probe is at the key `of` */
  builtBy.extend({ state: z.literal('alias'), of: z.string() }),
  publicationSchema.extend({
    state: z.literal('published'),
    ...builtBy.shape,
    ...testingShape,
    /** milliseconds since the epoch; after it, the registry requests the next load test */
    deadline: z.number().optional(),
  }),
])
export type ProbeState = Read<typeof stateSchema>
