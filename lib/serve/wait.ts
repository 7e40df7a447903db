// Answers long polls: holds a client's request until its probe is built, so that the client's first GET can succeed.

import { unreachable } from '../model/errors.ts'
import type { Index, Presigner } from '../model/ports.ts'
import { isOverdue } from '../model/retry.ts'
import type { Settings } from '../model/settings.ts'
import { keyOfName, type Name, parse } from '../names/grammar.ts'
import { type Subject, subjectOfName } from '../names/subject.ts'
import { type Answer, methodOf, problem, type ReadMethod, type Request, redirect } from './answer.ts'
import { follow } from './follow.ts'
import { held, type PollPorts } from './hold.ts'
import type { PlaceOf } from './queue-place.ts'
import type { Sign } from './sign-of-life.ts'
import { beingBuilt, hitAnswer, isDue, stateProblem } from './states.ts'

const PREFIX = '/wait'

export interface WaitPorts extends PollPorts {
  /** for the first read */
  readonly index: Pick<Index, 'get'>
  /** for later reads; their results may be older by a fraction of the polling interval */
  readonly polled: Pick<Index, 'get'>
  readonly artifacts: Presigner
  readonly sign: Sign
  readonly placeOf: PlaceOf
  readonly settings: Settings
}

/** `path`: `/wait/driver/...` */
interface WaitRequest extends Request {
  /** from the query: when the client gives up, in milliseconds since the epoch */
  readonly until: string | undefined
}

export const waitPath = ({ path }: Subject, until: number): string => `${PREFIX}${path()}?until=${until}`

/**
 * Reads the state until it is no longer `building` or this hop ends. After the hop, redirects to the next one, or answers 503
 * if the client has waited long enough. A client that does not have to wait takes no place.
 * @throws {ProbeError} `malformed`, `method-not-allowed`, `too-many-waits`.
 */
export async function wait(ports: WaitPorts, request: WaitRequest): Promise<Answer> {
  const method = methodOf(request)
  const name = parse(request.path.slice(PREFIX.length))
  const { hopSeconds, pollSeconds } = ports.settings.hold
  const until = clampUntil(ports, request.until)
  const hop = Math.min(until - ports.now(), hopSeconds * 1000)
  const [hopEnd, began] = [ports.now() + hop, ports.elapsed()]
  const look = () => settled(ports, name, method)
  const lookAgain = () => settled({ ...ports, index: ports.polled }, name, method)
  const isOver = () => ports.elapsed() - began + pollSeconds * 1000 >= hop
  const waiting = { room: 'wait' as const, caller: request.caller }
  const answer =
    (await look()) ??
    (isOver() ? undefined : await held(ports, waiting, hopEnd, () => untilSettled(ports, lookAgain, isOver)))
  if (answer !== undefined) return answer
  const subject = subjectOfName(name)
  if (hopEnd < until) return redirect(waitPath(subject, until))
  return problem(beingBuilt(subject, await ports.placeOf(keyOfName(name))))
}

/** `undefined`: the hop has ended. */
async function untilSettled(
  { sleep, settings }: WaitPorts,
  look: () => Promise<Answer | undefined>,
  isOver: () => boolean,
): Promise<Answer | undefined> {
  while (!isOver()) {
    await sleep(settings.hold.pollSeconds * 1000)
    const answer = await look()
    if (answer !== undefined) return answer
  }
  return undefined
}

/** A client may ask for a shorter wait than the settings allow, but not for a longer one. */
function clampUntil({ now, settings }: WaitPorts, until: string | undefined): number {
  const most = now() + settings.hold.totalSeconds * 1000
  const asked = /^\d{1,15}$/.test(until ?? '') ? Number(until) : most
  return Math.min(asked, most)
}

/** `undefined`: the probe is still being built. */
async function settled(ports: WaitPorts, name: Name, method: ReadMethod): Promise<Answer | undefined> {
  const { key, asked, subject, state } = await follow(ports.index, name, { consistent: true })
  switch (state?.state) {
    case 'building':
      // After the deadline nothing builds it. The probe's own URL claims it again.
      if (isOverdue(state.deadline, ports.now())) return redirect(subject.path())
      await ports.sign(key, state)
      return undefined
    case 'published':
      return 'tag' in asked || state.withdrawn !== undefined
        ? redirect(subject.path())
        : hitAnswer(ports.artifacts, { probe: asked, publication: state }, method)
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
