// A probe and its states. Stored data has a schema, from which its type is inferred.

import * as z from 'zod'
import { sha256Hex } from './digest.ts'
import type { Read } from './parse.ts'

export const ARCHES = ['x86_64', 'aarch64'] as const
export type Arch = (typeof ARCHES)[number]

/** Architecture of the machine by architecture of the build. */
export type Machines = Readonly<Record<Arch, Arch>>

export const KINDS = ['kmod', 'ebpf'] as const
export type Kind = (typeof KINDS)[number]

export const DRIVER_NAMES = ['falco', 'scap'] as const
export type DriverName = (typeof DRIVER_NAMES)[number]

/** The identity of a probe: all parts of a client's URL. */
export interface Probe {
  /** version of the driver sources, e.g. `0.1.1dev+git20220316.e5c53d64` or `11.0.0+driver` */
  readonly driverVersion: string
  readonly arch: Arch
  readonly driverName: DriverName
  /** distribution id, e.g. `debian` */
  readonly target: string
  /** as in the client's name: on Debian the package version and flavour, not `uname -r` */
  readonly kernelRelease: string
  readonly kernelVersion: string
  readonly kind: Kind
  /**
   * Of a submitted kernel: 64 hex digits, the sha256 of its config, or of the complete submission.
   * Absent: the distribution's own kernel, which submissions cannot change.
   */
  readonly config?: string
}

/** A probe in the names of 2015 to 2020: without target, but with the kernel's own release and the digest of its config. */
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

/** How driver sources are built. `makefile`: by their Makefile. `libs`: as falcosecurity/libs since 2.0.0. */
export const RECIPES = ['makefile', 'libs'] as const
export type Recipe = (typeof RECIPES)[number]

/** Formats of packages and source archives; `buildspecs/` unpacks each. */
export const PACKAGE_FORMATS = ['deb', 'rpm', 'tar.gz', 'tar.xz', 'tar.zst'] as const
export type PackageFormat = (typeof PACKAGE_FORMATS)[number]

/** A package or archive of a build, with its verified digest. */
export const sourceSchema = z.object({
  /** package name, or the archive's own name */
  name: z.string(),
  version: z.string(),
  /** first place it was fetched from; never a presigned URL */
  url: z.string(),
  sha256: sha256Hex,
  /** unsigned: trusted only for its place (TLS), as the operator allows */
  unsigned: z.literal(true).optional(),
})
export type Source = Read<typeof sourceSchema>

/** A file of a distribution's archive, with the digest in its signed metadata. */
export const packageSchema = sourceSchema.extend({
  bytes: z.number(),
  format: z.enum(PACKAGE_FORMATS),
  /** target whose keys must sign the package itself; absent: a signed list has its digest */
  signedFor: z.string().optional(),
})
export type Package = Read<typeof packageSchema>

/** The package with a kernel's image, or (`vmlinuz`) the image itself. */
export const imageSchema = packageSchema.extend({ format: z.enum([...PACKAGE_FORMATS, 'vmlinuz']) })
export type KernelImage = Read<typeof imageSchema>

/** The build root of a probe. `id`: of its packages; `digest`: of their contents. */
export const rootSchema = z.object({
  id: z.string(),
  digest: z.string(),
  /** suite of its packages, e.g. `bookworm` */
  suite: z.string(),
  /** its compiler compared to the kernel's: the same, the same major version, or the nearest */
  match: z.enum(['text', 'major', 'nearest']),
})
export type ProbeRoot = Read<typeof rootSchema>

/** An objection against a probe that the submitter forced. */
export const objectionSchema = z.object({
  /** a verdict on the config, `patched-kernel`, `lost-options` */
  code: z.string(),
  /** the deciding option, e.g. `CONFIG_RHEL_DIFFERENCES` */
  option: z.string(),
  /** human-readable */
  detail: z.string(),
})
export type Objection = Read<typeof objectionSchema>

/** Provenance of a published probe: `manifest` in its `.json`. */
export const provenanceSchema = z.object({
  /** the real `uname -r`; the module's vermagic starts with it */
  unameRelease: z.string(),
  driverSource: sourceSchema,
  headers: z.array(sourceSchema),
  /** e.g. `gcc-12`, as the plan chose it */
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

/** Events that the load test read from the probe, or why it did not try. */
const captureSchema = z.union([
  z.object({
    /** well-formed events; an eBPF probe's are of its simplest program */
    events: z.int().positive(),
    /** ring buffers of the module, or perf buffers: one for each processor */
    buffers: z.int().positive(),
    /** version of the driver's API, as reported by the probe, e.g. `8.0.4` */
    api: z.string(),
  }),
  z.object({ untried: z.string() }),
])

/** Result of the load test; bounded, printable. */
export const loadTestSchema = z.object({
  /** `unavailable`: no result, e.g. without an image of that kernel */
  verdict: z.enum(['passed', 'failed', 'unavailable']),
  reason: z.string(),
  /** checks that were made, e.g. `insmod`, `device` */
  checked: z.array(z.string()),
  /** lines of the kernel's log */
  lines: z.array(z.string()),
  /** absent: the test ended before, or is older than this check */
  capture: captureSchema.optional(),
})
export type LoadTest = Read<typeof loadTestSchema>

const withdrawnSchema = z.object({
  /** human-readable line */
  reason: z.string(),
  /** milliseconds since the epoch */
  at: z.number(),
})

const publicationSchema = z.object({
  /** of the probe's bytes */
  sha256: sha256Hex,
  bytes: z.number(),
  /** object key of the probe in the artifacts bucket; `.asc`, `.sha256` and `.log` are its sidecars */
  objectKey: z.string(),
  provenance: provenanceSchema,
  /** milliseconds since the epoch */
  publishedAt: z.number(),
  /** absent: switched off, or not finished */
  loadTest: loadTestSchema.optional(),
  /** an operator withdrew it: the objects stay, and nobody is served them */
  withdrawn: withdrawnSchema.optional(),
})
export type Publication = Read<typeof publicationSchema>

export const FAILURE_REASONS = [
  ...(['headers-not-found', 'driver-source-not-found', 'compile-error', 'verification-failed'] as const),
  ...(['build-broken', 'build-timeout', 'build-lost', 'cannot-load', 'load-test'] as const),
  ...(['mirror-unreachable', 'no-room', 'plan-error', 'budget-spent'] as const),
] as const
export type FailureReason = (typeof FAILURE_REASONS)[number]

/** Older items have this for `build-broken`. */
const FORMERLY = 'build-error'

const failureSchema = z.object({
  reason: z.preprocess((reason) => (reason === FORMERLY ? 'build-broken' : reason), z.enum(FAILURE_REASONS)),
  /** human-readable: what happened and what to do; bounded, printable */
  detail: z.string(),
  /** milliseconds since the epoch: not built again before */
  retryAt: z.number(),
  /** object key of the build log in the artifacts bucket, when there is one */
  logKey: z.string().optional(),
})
export type Failure = Read<typeof failureSchema>

const builtBy = z.object({
  /** random id of its claim: only the build that holds it may publish or fail the probe */
  id: z.string(),
  /** builds tried so far, this one included */
  attempt: z.number(),
})

/** Of a published probe in its load test, in milliseconds since the epoch: after it the next test is requested. */
const deadline = z.number().optional()

/** Of a load test that runs, waits or must be repeated. */
const testingShape = {
  /** its number, from 1; absent: none was requested, or there is a verdict */
  test: z.number().optional(),
  /** CodeBuild's id of the running build */
  buildId: z.string().optional(),
  /** waits for its turn since then, in milliseconds since the epoch; absent: it does not wait */
  queuedAt: z.number().optional(),
  /** tests that do not count: they never began, or gave way to a build that somebody waited for */
  spared: z.number().optional(),
}

export const claimSchema = builtBy.extend({
  /** milliseconds since the epoch; after it anyone may take over the claim */
  deadline: z.number(),
  /** milliseconds since the epoch */
  claimedAt: z.number(),
  /** absent: the build */
  phase: z.literal('load-test').optional(),
  /** it counts against this caller's limits: an IPv4 address or an IPv6 /64 */
  caller: z.string().optional(),
  /** start of the last plan, in milliseconds since the epoch; absent: none yet */
  plannedAt: z.number().optional(),
  /** last sign of life of a waiting client, in milliseconds since the epoch; absent: none since the claim */
  waitedAt: z.number().optional(),
  /** of the verified probe, during its load test */
  sha256: sha256Hex.optional(),
  bytes: z.number().optional(),
  ...testingShape,
})
export type Claim = Read<typeof claimSchema>

/** An absent item is `absent`. States move forward only; `published` and `alias` are terminal. */
export const stateSchema = z.discriminatedUnion('state', [
  claimSchema.extend({ state: z.literal('building') }),
  failureSchema.extend({ state: z.literal('failed'), ...builtBy.shape }),
  /** an older name of the kernel whose probe is at the key `of` */
  builtBy.extend({ state: z.literal('alias'), of: z.string() }),
  publicationSchema.extend({ state: z.literal('published'), ...builtBy.shape, ...testingShape, deadline }),
])
export type ProbeState = Read<typeof stateSchema>
