// The end of a build or a load test, as its event reports it, or as the builder does.

import type { BrokeOff, Builder, BuildLook, BuildStatus, Phase } from '../model/ports.ts'
import type { Claim } from '../model/probe.ts'

export interface BuildEnd {
  readonly key: string
  readonly claim: string
  /** `undefined`: ask the builder, because the event never came */
  readonly status: EndStatus | undefined
  /** `undefined`: whichever the index says was started last */
  readonly phase: Phase | undefined
  /** number of the load test, from 1; `undefined`: whichever the index says was requested last */
  readonly test?: number | undefined
  /** of a build that failed or took too long */
  readonly brokeOff?: BrokeOff
  /** it may still run: then leave it alone */
  readonly mayRun?: boolean
}

type EndStatus = Exclude<BuildStatus, 'running'>
export type Ended = BuildLook & { readonly status: EndStatus }

/** `tested`: the verdict is known. `testing`: it will be. `queued`: its turn has not come. `running`: nothing is known yet. */
export type PublishOutcome =
  | 'published'
  | 'failed'
  | 'testing'
  | 'tested'
  | 'queued'
  | 'running'
  | 'claim-lost'

/** From the event, or else from the builder. Stops what still runs past its deadline. */
export async function endOf(
  builder: Pick<Builder, 'look' | 'stop'>,
  { status, brokeOff }: BuildEnd,
  { buildId }: Pick<Claim, 'buildId'>,
): Promise<Ended> {
  if (status !== undefined) return { status, ...(brokeOff === undefined ? {} : { brokeOff }) }
  // It never got beyond its plan.
  if (buildId === undefined) return { status: 'unknown' }
  const look = await builder.look(buildId)
  if (look.status !== 'running') return { ...look, status: look.status }
  await builder.stop(buildId)
  return { status: 'timed-out' }
}
