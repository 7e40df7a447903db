// A client asks for a probe: present, it is sent to it; missing, the build is claimed and the client waits.

import { type Answer, problem, redirect } from './answer.ts'
import { ProbeError, unreachable } from './errors.ts'
import { methodOf } from './method.ts'
import { fileOf, keyOf, type ProbeName, parseProbe } from './names/index.ts'
import type { Budgets, Bus, Clock, Index, NewId, Presigner } from './ports.ts'
import type { Probe, ProbeState } from './probe.ts'
import { dayOf, nextDay, retryAt } from './retry.ts'
import type { Settings } from './settings.ts'
import { companionAnswer, hitAnswer, isDue, stateProblem } from './states.ts'
import { waitPath } from './wait.ts'

export interface ResolvePorts {
  readonly index: Index
  readonly budgets: Budgets
  readonly bus: Bus
  readonly artifacts: Presigner
  readonly staging: Presigner
  readonly now: Clock
  readonly newId: NewId
  readonly settings: Settings
  /** Pure; throws the ProbeError of a probe that cannot be built. */
  readonly check: (probe: Probe) => void
}

export interface Request {
  readonly method: string
  /** as the client sent it, percent escapes included, without the query */
  readonly path: string
  /** who pays for a miss: an IPv4 address or an IPv6 /64 */
  readonly caller: string
}

/** How long a claim without a started build lives; a plan takes seconds. */
export const PLAN_MILLISECONDS = 120_000

/** A hit costs one read and no write. ProbeError `malformed`, `method-not-allowed`, `revoked`, or `check`'s. */
export async function resolve(ports: ResolvePorts, request: Request): Promise<Answer> {
  const method = methodOf(request.method)
  const name = parseProbe(request.path)
  refuseRevoked(name.probe, ports.settings)
  const key = keyOf(name.probe)
  const state = await ports.index.get(key)
  if (state?.state !== 'published') ports.check(name.probe)
  if (name.companion !== undefined) return companionAnswer(ports, name, state)
  if (state?.state === 'published') return hitAnswer(ports.artifacts, name.probe, state, method)
  if (method === 'HEAD') return problem(stateProblem(name.probe, state, ports.now()))
  return missAnswer(ports, name, state, request.caller)
}

function refuseRevoked(probe: Probe, settings: Settings): void {
  if (!settings.revoked.includes(probe.driverVersion)) return
  throw new ProbeError('revoked', `driver version ${probe.driverVersion} was revoked: use a newer one`)
}

async function missAnswer(
  ports: ResolvePorts,
  { probe }: ProbeName,
  state: Exclude<ProbeState, { state: 'published' }> | undefined,
  caller: string,
): Promise<Answer> {
  const now = ports.now()
  const wait = redirect(waitPath(probe, now + ports.settings.hold.totalSeconds * 1000))
  switch (state?.state) {
    case 'building':
      return state.deadline > now ? wait : ((await requestBuild(ports, probe, caller)) ?? wait)
    case 'failed':
      return isDue(state, now)
        ? ((await requestBuild(ports, probe, caller)) ?? wait)
        : problem(stateProblem(probe, state, now))
    case undefined:
      return (await requestBuild(ports, probe, caller)) ?? wait
    default:
      return unreachable(state)
  }
}

/**
 * Claims the probe, pays, and asks for its plan; the losers of the claim do nothing. Resolves to the
 * refusal, if any. The budget is peeked at before the claim, so that a caller without one costs no write,
 * and spent after it, or a stampede's losers would burn it.
 * A crash after the claim leaves a claim without a plan: past its deadline anyone's GET claims it again,
 * and the sweep frees it.
 */
async function requestBuild(ports: ResolvePorts, probe: Probe, caller: string): Promise<Answer | undefined> {
  const now = ports.now()
  const budget = `requests/${dayOf(now)}/${caller}`
  const limit = ports.settings.budgets.requestsPerCallerPerDay
  if (await ports.budgets.exhausted(budget, limit)) return callerSpent(caller, limit, now)
  const key = keyOf(probe)
  const claim = ports.newId()
  const attempt = await ports.index.claim(key, { claim, claimedAt: now, deadline: now + PLAN_MILLISECONDS })
  if (attempt === undefined) return undefined
  if (!(await ports.budgets.spend(budget, claim, limit))) {
    // Due at once: the probe is free for whoever can still pay.
    await ports.index.fail(key, claim, {
      reason: 'budget-spent',
      detail: `the caller who asked for ${fileOf(probe)} had no budget left; ask again`,
      retryAt: now,
    })
    return callerSpent(caller, limit, now)
  }
  await ports.bus.emit({ type: 'ProbeRequested', key, claim, attempt })
  return undefined
}

const callerSpent = (caller: string, limit: number, now: number): Answer =>
  problem({
    status: 429,
    code: 'budget-spent',
    title: 'Too many missing probes asked for',
    detail: `${caller} has asked for ${limit} missing probes today; published ones are still served. The budget is renewed at ${new Date(nextDay(now)).toISOString()}.`,
    retryAfter: Math.ceil((retryAt('budget-spent', 1, now) - now) / 1000),
  })
