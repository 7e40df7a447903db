// What the registry's own functions call each other with, over its event bus.

import * as z from 'zod'
import { sha256Hex } from './digest.ts'
import type { Read } from './parse.ts'
import { ARCHES } from './probe.ts'

const claimed = { key: z.string(), claim: z.string() }

/** A probe is missing: to plan. */
export const probeRequested = z.object({
  type: z.literal('ProbeRequested'),
  ...claimed,
  attempt: z.number(),
  /** who pays for it */
  caller: z.string(),
})

/** Its claim is past its deadline: to publish, which asks how the build ended. */
export const probeOverdue = z.object({ type: z.literal('ProbeOverdue'), ...claimed })

/** It runs, as far as was heard, and its end may have been lost: to publish, which asks how it goes. */
export const buildRunning = z.object({ type: z.literal('BuildRunning'), ...claimed })

/** It is built and verified, and its own kernel is to load it: to plan. */
export const loadTestRequested = z.object({
  type: z.literal('LoadTestRequested'),
  ...claimed,
  /** of the probe that was built and verified */
  sha256: sha256Hex,
  bytes: z.number(),
  /** which test of it that is, from 1; events of before have none */
  test: z.number().default(1),
})

/** Somebody asks for driver versions, and the lists of their archive were not read for a while: to plan. */
export const driversWanted = z.object({ type: z.literal('DriversWanted') })

/**
 * What a build root holds. `steps`: what the steps of a build run themselves, outside of the compiler's sandbox.
 * `compilers`: what compiles, for `target` where that is not the root's own architecture; a kernel module needs a gcc (or
 * the clang that built its kernel), an eBPF object a clang as well. `machine`: what a load test boots its kernel in, by itself of the root's own
 * architecture.
 */
const rootSpec = z.discriminatedUnion('tag', [
  z.object({ tag: z.literal('steps') }),
  z.object({ tag: z.literal('compilers'), commands: z.array(z.string()), target: z.enum(ARCHES).optional() }),
  z.object({ tag: z.literal('machine'), target: z.enum(ARCHES).optional() }),
])
export type RootSpec = Read<typeof rootSpec>

/** A build wants a root that was never composed: to compose, which finds its packages itself. */
export const rootWanted = z.object({
  type: z.literal('RootWanted'),
  suite: z.string(),
  arch: z.enum(ARCHES),
  spec: rootSpec,
})

/** What is known of a probe may have changed, and with it the lists of packages: to publish, which reads what is so now. */
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
