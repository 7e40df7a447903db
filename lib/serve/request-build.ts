// Requests the build of a missing probe: claims it, pays, and sends the event that starts its plan.

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
 * Resolves to the refusal, if any. Losers of the claim do nothing. Checks the budgets before the claim, so that a caller
 * without budget causes no write. Spends them after the claim, so that its losers pay nothing. A name counts as unknown until
 * the plan has found its kernel.
 * A crash after the claim leaves a claim without a plan. After its deadline any GET claims it again, and the sweep frees it.
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
    // `retryAt` is now, because another caller may still have budget.
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

interface PutOff extends Payer {
  readonly key: string
  readonly file: string
}

/** Fails the claim, because no plan will run for it. Refunds the caller, who should ask again later. */
async function putOff(ports: RequestBuildPorts, { key, file, ...payer }: PutOff, error: ProbeError) {
  const due = retryAt('no-room', 1, ports.now())
  const detail = `${file} is not built now: ${error.message}. Published probes are served; ask again in half a minute`
  for (const purpose of ['unknown', 'requests'] as const) await giveBack(ports, purpose, payer)
  await ports.index.fail(key, payer.claim, { reason: 'no-room', detail, retryAt: due, expiresAt: due })
  return problem(problemOf(new ProbeError('no-room', detail)))
}

/** The refusal of a caller that cannot pay. The first check ends most attacks. */
async function peek(ports: RequestBuildPorts, caller: string): Promise<Answer | undefined> {
  const now = ports.now()
  const unknown = await spentOut(ports, 'unknown', caller)
  if (unknown !== undefined) return lookingUp(unknown, now)
  const requests = await spentOut(ports, 'requests', caller)
  if (requests !== undefined) return requestsSpent(requests, now)
  if (await shareSpent(ports, caller)) return shareGone(caller, ports.settings, now)
  return undefined
}

/** Spends from both budgets or from neither. */
async function pay(ports: RequestBuildPorts, payer: Payer): Promise<boolean> {
  if (!(await spend(ports, 'unknown', payer))) return false
  if (await spend(ports, 'requests', payer)) return true
  await giveBack(ports, 'unknown', payer)
  return false
}

/** `retryAfter`: in seconds; default: the time until the budgets are renewed. */
const spentProblem = (
  now: number,
  title: string,
  detail: string,
  retryAfter = Math.ceil((nextDay(now) - now) / 1000),
): Answer =>
  problem({
    ...{ status: 429, code: 'budget-spent', title, retryAfter },
    detail: `${detail}. The budget is renewed at ${new Date(nextDay(now)).toISOString()}.`,
  })

const requestsSpent = ({ holder, limit }: Account, now: number): Answer =>
  spentProblem(
    now,
    'Too many missing probes asked for',
    `${holder} has asked for ${limit} missing probes today; published ones are still served`,
  )

const shareGone = (caller: string, { budgets }: Settings, now: number): Answer =>
  spentProblem(
    now,
    'Your share of the builds of today is spent',
    `${budgets.fewBuildsPerCaller} probes or more were built for ${caller} or its network today, and what is left of today's builds is kept for others; published probes are still served`,
  )

/** Seconds. Each name whose kernel is found frees a unit. */
const LOOKING_UP = 30

const lookingUp = ({ holder, limit }: Omit<Account, 'budget'>, now: number): Answer =>
  spentProblem(
    now,
    'Too many unknown names',
    `${holder} has asked for ${limit} probes today that are still being looked up, or whose kernel or driver version does not exist. Names that exist free their share within seconds: ask again in half a minute`,
    LOOKING_UP,
  )
