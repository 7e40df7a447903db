// Finds how a build or a load test ended, from its event or from the builder.

import type { BrokeOff, Builder, BuildLook, BuildStatus, Phase } from '../model/ports.ts'
import type { Claim } from '../model/probe.ts'

export interface BuildEnd {
  readonly key: string
  readonly claim: string
  /** `undefined`: the event never came, so ask the builder */
  readonly status: EndStatus | undefined
  /** `undefined`: the phase that the index records as started last */
  readonly phase: Phase | undefined
  /** number of the load test, from 1; `undefined`: the test that the index records as requested last */
  readonly test?: number
  /** stage and reason of a build that failed or took too long */
  readonly brokeOff?: BrokeOff
  /** true: it may still run; if it does, do nothing */
  readonly mayRun?: boolean
}

type EndStatus = Exclude<BuildStatus, 'running'>
export type Ended = BuildLook & { readonly status: EndStatus }

/** `tested`: the verdict is known. `testing`: a test runs or will run. `queued`: its turn has not come. `running`: no end yet. */
export type PublishOutcome =
  | 'published'
  | 'failed'
  | 'testing'
  | 'tested'
  | 'queued'
  | 'running'
  | 'claim-lost'

/** Takes the status from the event, or else from the builder. Stops a build that runs past its deadline. */
export async function endOf(
  builder: Pick<Builder, 'look' | 'stop'>,
  { status, brokeOff }: BuildEnd,
  { buildId }: Pick<Claim, 'buildId'>,
): Promise<Ended> {
  if (status !== undefined) return { status, brokeOff }
  // No build was ever started for this claim.
  if (buildId === undefined) return { status: 'unknown' }
  const look = await builder.look(buildId)
  if (look.status !== 'running') return { ...look, status: look.status }
  await builder.stop(buildId)
  return { status: 'timed-out' }
}
