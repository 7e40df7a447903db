// Events that the registry's functions send each other over its event bus.

import * as z from 'zod'
import { sha256Hex } from './digest.ts'
import type { Read } from './parse.ts'
import { ARCHES } from './probe.ts'

const claimed = { key: z.string(), claim: z.string() }

/** To plan: a probe is missing. */
export const probeRequested = z.object({
  type: z.literal('ProbeRequested'),
  ...claimed,
  attempt: z.number(),
  /** its build counts against this caller's limits */
  caller: z.string(),
})

/** To publish: a claim is past its deadline; publish asks CodeBuild how the build ended. */
export const probeOverdue = z.object({ type: z.literal('ProbeOverdue'), ...claimed })

/** To publish: the end event of a running build may be lost; publish asks CodeBuild for its state. */
export const buildRunning = z.object({ type: z.literal('BuildRunning'), ...claimed })

/** To plan: a verified probe needs its load test. */
export const loadTestRequested = z.object({
  type: z.literal('LoadTestRequested'),
  ...claimed,
  /** of the probe */
  sha256: sha256Hex,
  bytes: z.number(),
  /** number of the test, from 1; older events lack it */
  test: z.number().default(1),
})

/** To plan: the list of driver versions is old, and somebody needs it. */
export const driversWanted = z.object({ type: z.literal('DriversWanted') })

/**
 * The contents of a build root. `steps`: tools of the build's steps, outside the compiler's sandbox. `compilers`: for `target`,
 * by default the root's own architecture; a kernel module needs a gcc (or the clang that built its kernel), an eBPF object a
 * clang as well. `machine`: the emulator of load tests, for `target` likewise.
 */
const rootSpec = z.discriminatedUnion('tag', [
  z.object({ tag: z.literal('steps') }),
  z.object({ tag: z.literal('compilers'), commands: z.array(z.string()), target: z.enum(ARCHES).optional() }),
  z.object({ tag: z.literal('machine'), target: z.enum(ARCHES).optional() }),
])
export type RootSpec = Read<typeof rootSpec>

/** To compose: a build needs a root that does not exist yet; compose finds its packages. */
export const rootWanted = z.object({
  type: z.literal('RootWanted'),
  suite: z.string(),
  arch: z.enum(ARCHES),
  spec: rootSpec,
})

/** To publish: a probe's state may have changed, and with it the package lists; publish reads the current state. */
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
