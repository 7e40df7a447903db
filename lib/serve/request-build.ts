// A missing probe: the claim, its price, and the event that has it planned.

import type { Budgets, Bus, Clock, Index, NewId } from '../model/ports.ts'
import { dayOf, nextDay, PLAN_MILLISECONDS, retryAt } from '../model/retry.ts'
import type { Settings } from '../model/settings.ts'
import type { Subject } from '../names/subject.ts'
import { type Answer, problem } from './answer.ts'

export interface RequestBuildPorts {
  readonly index: Pick<Index, 'claim' | 'fail'>
  readonly budgets: Budgets
  readonly bus: Bus
  readonly now: Clock
  readonly newId: NewId
  readonly settings: Settings
}

/**
 * Claims the probe, pays, and asks for its plan; the losers of the claim do nothing. Resolves to the
 * refusal, if any. The budget is peeked at before the claim, so that a caller without one costs no write,
 * and spent after it, or a stampede's losers would burn it.
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
  const budget = `requests/${dayOf(now)}/${caller}`
  const limit = ports.settings.budgets.requestsPerCallerPerDay
  if (await ports.budgets.exhausted(budget, limit)) return callerSpent(caller, limit, now)
  const claim = ports.newId()
  const attempt = await ports.index.claim(key, { claim, claimedAt: now, deadline: now + PLAN_MILLISECONDS })
  if (attempt === undefined) return undefined
  if (!(await ports.budgets.spend(budget, claim, limit))) {
    // Due at once: the probe is free for whoever can still pay.
    await ports.index.fail(key, claim, {
      reason: 'budget-spent',
      detail: `the caller who asked for ${file} had no budget left; ask again`,
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
