// A missing probe: the claim, its price, and the event that has it planned.

import { isProbeError, ProbeError } from '../model/errors.ts'
import type { Bus, Index, NewId } from '../model/ports.ts'
import { nextDay, PLAN_MILLISECONDS, retryAt, UNSETTLED_MILLISECONDS } from '../model/retry.ts'
import type { Settings } from '../model/settings.ts'
import type { Subject } from '../names/subject.ts'
import { type Answer, problem, problemOf } from './answer.ts'
import {
  type Account,
  giveBack,
  type Payer,
  type SpendingPorts,
  shareSpent,
  spend,
  spentOut,
} from './spending.ts'

export interface RequestBuildPorts extends SpendingPorts {
  readonly index: Pick<Index, 'claim' | 'fail'>
  readonly bus: Bus
  readonly newId: NewId
  readonly settings: Settings
}

/**
 * Claims the probe, pays, and asks for its plan; the losers of the claim do nothing. Resolves to the
 * refusal, if any. The budgets are peeked at before the claim, so that a caller without one costs no write,
 * and spent after it, or a stampede's losers would burn them. Until its plan knows better, a name counts as one
 * of nothing.
 * A crash after the claim leaves a claim without a plan: past its deadline anyone's GET claims it again,
 * and the sweep frees it.
 */
export async function requestBuild(
  ports: RequestBuildPorts,
  key: string,
  { file }: Subject,
  caller: string,
): Promise<Answer | undefined> {
  const now = ports.now()
  const refusal = await peek(ports, caller)
  if (refusal !== undefined) return refusal
  const claim = ports.newId()
  const deadline = now + PLAN_MILLISECONDS
  const expiresAt = deadline + UNSETTLED_MILLISECONDS
  const attempt = await ports.index.claim(key, { id: claim, claimedAt: now, deadline, caller, expiresAt })
  if (attempt === undefined) return undefined
  if (!(await pay(ports, { caller, claim }))) {
    // Due at once: the probe is free for whoever can still pay.
    await ports.index.fail(key, claim, {
      reason: 'budget-spent',
      detail: `the caller who asked for ${file} had no budget left; ask again`,
      retryAt: now,
      expiresAt: now,
    })
    const limit = ports.settings.budgets.unknownPerCallerPerDay
    return (await peek(ports, caller)) ?? lookingUp({ holder: caller, limit }, now)
  }
  try {
    await ports.bus.emit({ type: 'ProbeRequested', key, claim, attempt, caller })
    return undefined
  } catch (error) {
    if (!isProbeError(error, 'no-room')) throw error
    return putOff(ports, { key, claim, file, caller }, error)
  }
}

interface PutOff {
  readonly key: string
  readonly claim: string
  readonly file: string
  readonly caller: string
}

/** Nobody plans it: its price is given back, and whoever asks in a while asks anew. */
async function putOff(ports: RequestBuildPorts, { key, claim, file, caller }: PutOff, error: ProbeError) {
  const due = retryAt('no-room', 1, ports.now())
  const detail = `${file} is not built now: ${error.message}. Published probes are served; ask again in half a minute`
  for (const purpose of ['unknown', 'requests'] as const) await giveBack(ports, purpose, { caller, claim })
  await ports.index.fail(key, claim, { reason: 'no-room', detail, retryAt: due, expiresAt: due })
  return problem(problemOf(new ProbeError('no-room', detail)))
}

/** The refusal of a caller that could not pay; the look that most of those who attack end at comes first. */
async function peek(ports: RequestBuildPorts, caller: string): Promise<Answer | undefined> {
  const now = ports.now()
  const unknown = await spentOut(ports, 'unknown', caller)
  if (unknown !== undefined) return lookingUp(unknown, now)
  const requests = await spentOut(ports, 'requests', caller)
  if (requests !== undefined) return requestsSpent(requests, now)
  if (await shareSpent(ports, caller)) return shareGone(caller, ports.settings, now)
  return undefined
}

/** Both or neither. */
async function pay(ports: RequestBuildPorts, payer: Payer): Promise<boolean> {
  if (!(await spend(ports, 'unknown', payer))) return false
  if (await spend(ports, 'requests', payer)) return true
  await giveBack(ports, 'unknown', payer)
  return false
}

const renewed = (now: number): string => `The budget is renewed at ${new Date(nextDay(now)).toISOString()}.`
const untilTomorrow = (now: number): number => Math.ceil((retryAt('budget-spent', 1, now) - now) / 1000)

const requestsSpent = ({ holder, limit }: Account, now: number): Answer =>
  problem({
    status: 429,
    code: 'budget-spent',
    title: 'Too many missing probes asked for',
    detail: `${holder} has asked for ${limit} missing probes today; published ones are still served. ${renewed(now)}`,
    retryAfter: untilTomorrow(now),
  })

const shareGone = (caller: string, { budgets }: Settings, now: number): Answer =>
  problem({
    status: 429,
    code: 'budget-spent',
    title: 'Your share of the builds of today is spent',
    detail: `${budgets.fewBuildsPerCaller} probes or more were built for ${caller} or its network today, and what is left of today's builds is kept for others; published probes are still served. ${renewed(now)}`,
    retryAfter: untilTomorrow(now),
  })

/** Seconds; each name that is found to be of something makes room. */
const LOOKING_UP = 30

const lookingUp = ({ holder, limit }: Omit<Account, 'budget'>, now: number): Answer =>
  problem({
    status: 429,
    code: 'budget-spent',
    title: 'Too many names of nothing that is known',
    detail: `${holder} has asked for ${limit} probes today that are still being looked up, or are of a kernel or a driver version that does not exist. Those that exist make room within seconds: ask again in half a minute. ${renewed(now)}`,
    retryAfter: LOOKING_UP,
  })
