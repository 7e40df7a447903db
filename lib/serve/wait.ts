// Holds a client while its probe is built, so that its very first GET can succeed.

import { unreachable } from '../model/errors.ts'
import type { Clock, Index, Presigner } from '../model/ports.ts'
import type { Settings } from '../model/settings.ts'
import { type Name, parse } from '../names/grammar.ts'
import { type Subject, subjectOf, subjectOfName } from '../names/subject.ts'
import { type Answer, methodOf, problem, type ReadMethod, redirect } from './answer.ts'
import { follow } from './follow.ts'
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

export const waitPath = ({ path }: Subject, until: number): string => `${PREFIX}${path()}?until=${until}`

/**
 * Reads the state until it is no longer `building`, or this hop's time is over: then one more hop, or
 * 503 when the client has been held long enough. ProbeError `malformed`, `method-not-allowed`.
 */
export async function wait(ports: WaitPorts, request: WaitRequest): Promise<Answer> {
  const method = methodOf(request)
  const name = parse(request.path.slice(PREFIX.length))
  const { hopSeconds, pollSeconds } = ports.settings.hold
  const until = clampUntil(ports, request.until)
  const hopEnd = Math.min(until, ports.now() + hopSeconds * 1000)
  for (;;) {
    const answer = await settled(ports, name, method)
    if (answer !== undefined) return answer
    if (ports.now() + pollSeconds * 1000 >= hopEnd) break
    await ports.sleep(pollSeconds * 1000)
  }
  const subject = subjectOfName(name)
  return hopEnd < until ? redirect(waitPath(subject, until)) : problem(beingBuilt(subject))
}

/** A client may ask to be held for less than we would hold it, never for more. */
function clampUntil({ now, settings }: WaitPorts, until: string | undefined): number {
  const most = now() + settings.hold.totalSeconds * 1000
  const asked = /^\d{1,15}$/.test(until ?? '') ? Number(until) : most
  return Math.min(asked, most)
}

/** The answer of a probe that is not being built (any more). */
async function settled(ports: WaitPorts, name: Name, method: ReadMethod): Promise<Answer | undefined> {
  const { probe, state } = await follow(ports.index, name, { consistent: true })
  const subject = probe === undefined ? subjectOfName(name) : subjectOf(probe)
  switch (state?.state) {
    case 'building':
      // Past its deadline nobody builds any more: the probe's own URL claims it again.
      return state.deadline > ports.now() ? undefined : redirect(subject.path())
    case 'published':
      return probe === undefined ? redirect(subject.path()) : hitAnswer(ports.artifacts, probe, state, method)
    case 'failed':
      return isDue(state, ports.now())
        ? redirect(subject.path())
        : problem(stateProblem(subject, state, ports.now()))
    case undefined:
      return redirect(subject.path())
    default:
      return unreachable(state)
  }
}
