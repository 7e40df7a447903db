// Defines the events that the registry's functions send each other over the event bus.

import * as z from 'zod'
import { sha256Hex } from './digest.ts'
import type { Read } from './parse.ts'
import { ARCHES } from './probe.ts'

const claimed = { key: z.string(), claim: z.string() }

/** Sent to plan: a probe is missing. */
export const probeRequested = z.object({
  type: z.literal('ProbeRequested'),
  ...claimed,
  attempt: z.number(),
  /** the build counts against this caller's limits */
  caller: z.string(),
})

/** Sent to publish: a claim is past its deadline. Publish asks CodeBuild how the build ended. */
export const probeOverdue = z.object({ type: z.literal('ProbeOverdue'), ...claimed })

/** Sent to publish: the event that ends a running build may be lost. Publish asks CodeBuild for the build's state. */
export const buildRunning = z.object({ type: z.literal('BuildRunning'), ...claimed })

/** Sent to plan: a verified probe needs its load test. */
export const loadTestRequested = z.object({
  type: z.literal('LoadTestRequested'),
  ...claimed,
  /** digest of the probe; `bytes` is its size */
  sha256: sha256Hex,
  bytes: z.number(),
  /** number of the test, from 1; older events lack it */
  test: z.number().default(1),
})

/** Sent to plan: somebody needs the list of driver versions, and the recorded list is old. */
export const driversWanted = z.object({ type: z.literal('DriversWanted') })

/**
 * The contents of a build root. `target` defaults to the root's own architecture.
 * `steps`: the tools of the build's steps, which run outside the compiler's sandbox.
 * `compilers`: the compilers for `target`. A kernel module needs gcc, or the clang that built its kernel. An eBPF object also
 * needs a clang.
 * `machine`: the emulator that runs load tests for `target`.
 */
const rootSpec = z.discriminatedUnion('tag', [
  z.object({ tag: z.literal('steps') }),
  z.object({ tag: z.literal('compilers'), commands: z.array(z.string()), target: z.enum(ARCHES).optional() }),
  z.object({ tag: z.literal('machine'), target: z.enum(ARCHES).optional() }),
])
export type RootSpec = Read<typeof rootSpec>

/** Sent to compose: a build needs a root that does not exist yet. Compose chooses its packages. */
export const rootWanted = z.object({
  type: z.literal('RootWanted'),
  suite: z.string(),
  arch: z.enum(ARCHES),
  spec: rootSpec,
})

/** Sent to publish: a probe's state may have changed, so the package lists may be outdated. Publish reads the current state. */
export const packagesWanted = z.object({ type: z.literal('PackagesWanted'), key: z.string() })

export type RegistryEvent = Read<
  | typeof probeRequested
  | typeof probeOverdue
  | typeof buildRunning
  | typeof loadTestRequested
  | typeof driversWanted
  | typeof rootWanted
  | typeof packagesWanted
>
