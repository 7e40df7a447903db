// Counts the daily spending of each caller and its network, in one budget for each purpose.

import { networkOf } from '../model/caller.ts'
import type { Budgets, Clock } from '../model/ports.ts'
import { dayOf } from '../model/retry.ts'
import type { Settings } from '../model/settings.ts'

export interface SpendingPorts {
  readonly budgets: Budgets
  readonly now: Clock
  readonly settings: Pick<Settings, 'budgets'>
}

/**
 * `requests`: requests for missing probes. `unknown`: those whose kernel has not been found, or not yet. `submissions`: recorded
 * kernels. `refused`: submissions that are being read, or were refused. `few-builds`: a caller's first builds of a day.
 */
type Purpose = keyof typeof LIMITS
const LIMITS = {
  requests: 'requestsPerCallerPerDay',
  unknown: 'unknownPerCallerPerDay',
  submissions: 'requestsPerCallerPerDay',
  refused: 'refusedPerCallerPerDay',
  'few-builds': 'fewBuildsPerCaller',
} as const

/** `claim`: is charged only once in each budget, even if it pays again. */
export interface Payer {
  readonly caller: string
  readonly claim: string
}

/** False: the caller or its network has too few units left, and nothing is spent. */
export async function spend(
  ports: SpendingPorts,
  purpose: Purpose,
  { caller, claim }: Payer,
  units = 1,
): Promise<boolean> {
  const [own, network] = accountsOf(ports, purpose, caller)
  if (!(await ports.budgets.spend(own.budget, claim, own.limit, units))) return false
  if (await ports.budgets.spend(network.budget, claim, network.limit, units)) return true
  // A crash before this line leaves the units spent until the end of the day.
  await ports.budgets.giveBack(own.budget, claim, units)
  return false
}

/** Refunds units. Has no effect if a new day has begun since they were spent. */
export async function giveBack(
  ports: SpendingPorts,
  purpose: Purpose,
  { caller, claim }: Payer,
  units = 1,
): Promise<void> {
  for (const { budget } of accountsOf(ports, purpose, caller))
    await ports.budgets.giveBack(budget, claim, units)
}

/** The account that has nothing left: the caller's or its network's. Writes nothing. */
export async function spentOut(
  ports: SpendingPorts,
  purpose: Purpose,
  caller: string,
): Promise<Account | undefined> {
  for (const account of accountsOf(ports, purpose, caller))
    if (await ports.budgets.exhausted(account.budget, account.limit)) return account
  return undefined
}

export interface Account {
  readonly holder: string
  readonly budget: string
  readonly limit: number
}

/** Maximum number of claims in one budget; an item of DynamoDB has room for a few more. */
const MOST = 5000

function accountsOf(
  { now, settings }: SpendingPorts,
  purpose: Purpose,
  caller: string,
): readonly [Account, Account] {
  const limit = settings.budgets[LIMITS[purpose]]
  const account = (holder: string, of: number) => ({
    holder,
    budget: `${purpose}/${dayOf(now())}/${holder}`,
    limit: of,
  })
  const network = Math.min(limit * settings.budgets.callersPerNetwork, MOST)
  return [account(caller, limit), account(networkOf(caller), network)]
}

/**
 * After half of the day's builds are spent, only callers that had few builds get the rest. `spent`: none is left for anyone.
 * `share-spent`: none is left for this caller. A claim pays only once.
 */
export async function payBuild(
  ports: SpendingPorts,
  payer: Payer,
): Promise<'paid' | 'spent' | 'share-spent'> {
  const { budget, limit, shared } = buildsOf(ports)
  const few = await spend(ports, 'few-builds', payer)
  if (await ports.budgets.spend(budget, payer.claim, few ? limit : shared)) return 'paid'
  return few ? 'spent' : 'share-spent'
}

/** Refunds a build that did not begin. */
export async function giveBackBuild(ports: SpendingPorts, payer: Payer): Promise<void> {
  await giveBack(ports, 'few-builds', payer)
  await ports.budgets.giveBack(buildsOf(ports).budget, payer.claim)
}

/** Whether this caller, or its network, has had its first builds of today, and the part for everyone is spent. Writes nothing. */
export async function shareSpent(ports: SpendingPorts, caller: string): Promise<boolean> {
  const { budget, shared } = buildsOf(ports)
  if (!(await ports.budgets.exhausted(budget, shared))) return false
  return (await spentOut(ports, 'few-builds', caller)) !== undefined
}

const buildsOf = ({ now, settings: { budgets } }: SpendingPorts) => ({
  budget: `builds/${dayOf(now())}`,
  limit: budgets.buildsPerDay,
  /** number of builds for everyone: at least one */
  shared: Math.ceil(budgets.buildsPerDay / 2),
})
