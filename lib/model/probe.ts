// What a probe is, and the states it goes through. What is stored has a schema; its type is inferred.

import * as z from 'zod'
import { sha256Hex } from './digest.ts'
import type { Read } from './parse.ts'

export const ARCHES = ['x86_64', 'aarch64'] as const
export type Arch = (typeof ARCHES)[number]

/** On which architecture's machines the builds of each run. */
export type Machines = Readonly<Record<Arch, Arch>>

export const KINDS = ['kmod', 'ebpf'] as const
export type Kind = (typeof KINDS)[number]

export const DRIVER_NAMES = ['falco', 'scap'] as const
export type DriverName = (typeof DRIVER_NAMES)[number]

/** The identity of one probe: everything that a client's URL says. */
export interface Probe {
  /** version of the driver sources, e.g. `0.1.1dev+git20220316.e5c53d64` or `11.0.0+driver` */
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

/** How a driver's sources are built. `makefile`: a Makefile beside them. `libs`: falcosecurity/libs since 2.0.0 */
export const RECIPES = ['makefile', 'libs'] as const
export type Recipe = (typeof RECIPES)[number]

/** How a package, or an archive of sources, is packed; `buildspecs/` unpacks each. */
export const PACKAGE_FORMATS = ['deb', 'rpm', 'tar.gz', 'tar.xz', 'tar.zst'] as const
export type PackageFormat = (typeof PACKAGE_FORMATS)[number]

/** A package or archive that went into a build, with the digest it was checked against. */
export const sourceSchema = z.object({
  /** package name, or the archive's own name */
  name: z.string(),
  version: z.string(),
  /** where it was first fetched from; never a presigned URL */
  url: z.string(),
  sha256: sha256Hex,
  /** nobody has signed it: believed for the place that it came from alone (TLS), as the operator wants it */
  unsigned: z.literal(true).optional(),
})
export type Source = Read<typeof sourceSchema>

/** A file of a distribution's archive, with the digest of the distribution's signed metadata. */
export const packageSchema = sourceSchema.extend({
  bytes: z.number(),
  format: z.enum(PACKAGE_FORMATS),
  /** the target whose keys must have signed the package itself; none where a signed list has its digest */
  signedFor: z.string().optional(),
})
export type Package = Read<typeof packageSchema>

/** What holds a kernel's image: a package, or, as `vmlinuz`, the image itself. */
export const imageSchema = packageSchema.extend({ format: z.enum([...PACKAGE_FORMATS, 'vmlinuz']) })
export type KernelImage = Read<typeof imageSchema>

/** The build root of a probe: which packages it is of, and what they unpack to. */
export const rootSchema = z.object({
  id: z.string(),
  digest: z.string(),
  /** whose packages they are, e.g. `bookworm` */
  suite: z.string(),
  /** how near its compiler is to the one that built the kernel: the very one, one of its major version, the nearest */
  match: z.enum(['text', 'major', 'nearest']),
})
export type ProbeRoot = Read<typeof rootSchema>

/** What speaks against a probe that was built all the same, as whoever submitted its kernel wanted it. */
export const objectionSchema = z.object({
  /** a verdict on the config, `patched-kernel`, `lost-options` */
  code: z.string(),
  /** what shows it, e.g. `CONFIG_RHEL_DIFFERENCES` */
  option: z.string(),
  /** for a person */
  detail: z.string(),
})
export type Objection = Read<typeof objectionSchema>

/** Where a published probe came from: `manifest` in its `.json`. */
export const provenanceSchema = z.object({
  /** the real `uname -r`; the module's vermagic starts with it */
  unameRelease: z.string(),
  driverSource: sourceSchema,
  headers: z.array(sourceSchema),
  /** e.g. `gcc-12`, as the plan chose it */
  compiler: z.string(),
  /** first line of the compiler's own `--version`, as the build reported it (untrusted text) */
  compilerVersion: z.string(),
  /** none of probes of before */
  root: rootSchema.optional(),
  /** seconds of each build step, as the build reported them */
  timings: z.object({}).catchall(z.number()),
  /** absent: nothing speaks against it */
  forced: z.array(objectionSchema).optional(),
})
export type Provenance = Read<typeof provenanceSchema>

/** What a reader in the machine saw of the probe's events, or why it did not try. */
const captureSchema = z.union([
  z.object({
    /** well-formed ones; an eBPF probe's are of the simplest of its programs */
    events: z.int().positive(),
    /** ring buffers of the module, or perf buffers: one a processor */
    buffers: z.int().positive(),
    /** version of the driver's API, as the probe itself says it, e.g. `8.0.4` */
    api: z.string(),
  }),
  z.object({ untried: z.string() }),
])

/** What became of the probe when its own kernel loaded it; bounded, printable. */
export const loadTestSchema = z.object({
  /** `unavailable`: nothing was found out, e.g. because there is no image of that kernel */
  verdict: z.enum(['passed', 'failed', 'unavailable']),
  reason: z.string(),
  /** what was looked at, e.g. `insmod`, `device` */
  checked: z.array(z.string()),
  /** what the kernel said */
  lines: z.array(z.string()),
  /** absent: it did not come to that, or it is a verdict from before events were looked for */
  capture: captureSchema.optional(),
})
export type LoadTest = Read<typeof loadTestSchema>

const withdrawnSchema = z.object({
  /** for a person: one line */
  reason: z.string(),
  /** milliseconds since the epoch */
  at: z.number(),
})

const publicationSchema = z.object({
  /** of the probe's bytes */
  sha256: sha256Hex,
  bytes: z.number(),
  /** object key of the probe in the artifacts bucket; `.asc`, `.sha256` and `.log` stand beside it */
  objectKey: z.string(),
  provenance: provenanceSchema,
  /** milliseconds since the epoch */
  publishedAt: z.number(),
  /** absent: switched off, or not known yet */
  loadTest: loadTestSchema.optional(),
  /** an operator took it back: it stays as it is, and is served to nobody */
  withdrawn: withdrawnSchema.optional(),
})
export type Publication = Read<typeof publicationSchema>

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
  'mirror-unreachable',
  'no-room',
  'plan-error',
  'budget-spent',
] as const
export type FailureReason = (typeof FAILURE_REASONS)[number]

/** What older items call `build-broken`. */
const FORMERLY = 'build-error'

const failureSchema = z.object({
  reason: z.preprocess((reason) => (reason === FORMERLY ? 'build-broken' : reason), z.enum(FAILURE_REASONS)),
  /** for a person: what happened and what to do; bounded, printable */
  detail: z.string(),
  /** milliseconds since the epoch; before it the probe is not built again */
  retryAt: z.number(),
  /** object key of the build log in the artifacts bucket, when there is one */
  logKey: z.string().optional(),
})
export type Failure = Read<typeof failureSchema>

/** Whose build it was. */
const builtBy = z.object({
  /** random id of its claim: only the build that holds it may publish or fail the probe */
  id: z.string(),
  /** builds tried so far, this one included */
  attempt: z.number(),
})

/** Of what is published while it is tested: milliseconds since the epoch; past it the next test is asked for. */
const deadline = z.number().optional()

/** Of a load test that is under way, or has to be made up for. */
const testingShape = {
  /** which one it is, from 1; absent: none was asked for yet, or its verdict is known */
  test: z.number().optional(),
  /** CodeBuild's id of what runs now */
  buildId: z.string().optional(),
  /** milliseconds since the epoch: since then it waits for its turn; absent: it does not */
  queuedAt: z.number().optional(),
  /** tests that count as none: they never began, or made room for a build that somebody waited for */
  spared: z.number().optional(),
}

export const claimSchema = builtBy.extend({
  /** milliseconds since the epoch; past it anyone may take the claim over */
  deadline: z.number(),
  /** milliseconds since the epoch */
  claimedAt: z.number(),
  /** what runs now; absent: it makes the probe */
  phase: z.literal('load-test').optional(),
  /** who pays for it: an IPv4 address or an IPv6 /64 */
  caller: z.string().optional(),
  /** milliseconds since the epoch: when its plan was begun last; absent: it was not */
  plannedAt: z.number().optional(),
  /** milliseconds since the epoch: the last sign of life of anybody who waits for it; absent: none since it was claimed */
  waitedAt: z.number().optional(),
  /** of the probe that was built and verified, while it is tested */
  sha256: sha256Hex.optional(),
  bytes: z.number().optional(),
  ...testingShape,
})
export type Claim = Read<typeof claimSchema>

/** `absent` is the lack of a state. Forward only; `published` and `alias` are terminal. */
export const stateSchema = z.discriminatedUnion('state', [
  claimSchema.extend({ state: z.literal('building') }),
  failureSchema.extend({ state: z.literal('failed'), ...builtBy.shape }),
  /** an older name of the kernel whose probe is at the key `of` */
  builtBy.extend({ state: z.literal('alias'), of: z.string() }),
  publicationSchema.extend({ state: z.literal('published'), ...builtBy.shape, ...testingShape, deadline }),
])
export type ProbeState = Read<typeof stateSchema>
