// Holds a client while its probe is built, so that its very first GET can succeed.

import { type Answer, problem, redirect } from './answer.ts'
import { unreachable } from './errors.ts'
import { methodOf } from './method.ts'
import { format, keyOf, parseProbe } from './names/index.ts'
import type { Clock, Index, Presigner } from './ports.ts'
import type { Probe } from './probe.ts'
import type { Settings } from './settings.ts'
import { beingBuilt, hitAnswer, isDue, stateProblem } from './states.ts'

const PREFIX = '/wait'

export interface WaitPorts {
  readonly index: Pick<Index, 'get'>
  readonly artifacts: Presigner
  readonly now: Clock
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly settings: Settings
}

export interface WaitRequest {
  readonly method: string
  /** raw path, `/wait/driver/...` */
  readonly path: string
  /** the query's `until`: milliseconds since the epoch at which the client gives up */
  readonly until: string | undefined
}

export const waitPath = (probe: Probe, until: number): string => `${PREFIX}${format(probe)}?until=${until}`

/**
 * Reads the state until it is no longer `building`, or this hop's time is over: then one more hop, or
 * 503 when the client has been held long enough. ProbeError `malformed`, `method-not-allowed`.
 */
export async function wait(ports: WaitPorts, request: WaitRequest): Promise<Answer> {
  methodOf(request.method)
  const { probe } = parseProbe(request.path.slice(PREFIX.length))
  const { hopSeconds, pollSeconds } = ports.settings.hold
  const until = clampUntil(ports, request.until)
  const hopEnd = Math.min(until, ports.now() + hopSeconds * 1000)
  for (;;) {
    const answer = await settled(ports, probe)
    if (answer !== undefined) return answer
    if (ports.now() + pollSeconds * 1000 >= hopEnd) break
    await ports.sleep(pollSeconds * 1000)
  }
  return hopEnd < until ? redirect(waitPath(probe, until)) : problem(beingBuilt(probe))
}

/** A client may ask to be held for less than we would hold it, never for more. */
function clampUntil({ now, settings }: WaitPorts, until: string | undefined): number {
  const most = now() + settings.hold.totalSeconds * 1000
  const asked = /^\d{1,15}$/.test(until ?? '') ? Number(until) : most
  return Math.min(asked, most)
}

/** The answer of a probe that is not being built (any more). */
async function settled(ports: WaitPorts, probe: Probe): Promise<Answer | undefined> {
  const state = await ports.index.get(keyOf(probe), { consistent: true })
  switch (state?.state) {
    case 'building':
      // Past its deadline nobody builds any more: the probe's own URL claims it again.
      return state.deadline > ports.now() ? undefined : redirect(format(probe))
    case 'published':
      return hitAnswer(ports.artifacts, probe, state, 'GET')
    case 'failed':
      return isDue(state, ports.now())
        ? redirect(format(probe))
        : problem(stateProblem(probe, state, ports.now()))
    case undefined:
      return redirect(format(probe))
    default:
      return unreachable(state)
  }
}
