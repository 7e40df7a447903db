// Daily limits of each caller and its network: one budget for each purpose.

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
 * `requests`: requests for missing probes. `unknown`: those whose kernel has not been found (yet). `submissions`: recorded
 * kernels. `refused`: bodies that are being read, or were refused. `few-builds`: the first builds of a day.
 */
type Purpose = 'requests' | 'unknown' | 'submissions' | 'refused' | 'few-builds'

/** `claim`: counts once in each budget, however often it pays. */
export interface Payer {
  readonly caller: string
  readonly claim: string
}

/** False, and nothing is spent: the caller or its network has fewer units left. */
export async function spend(
  ports: SpendingPorts,
  purpose: Purpose,
  { caller, claim }: Payer,
  units = 1,
): Promise<boolean> {
  const [own, network] = accountsOf(ports, purpose, caller)
  if (!(await ports.budgets.spend(own.budget, claim, own.limit, units))) return false
  if (await ports.budgets.spend(network.budget, claim, network.limit, units)) return true
  // A crash before this line leaves the units spent until the day is over.
  await ports.budgets.giveBack(own.budget, claim, units)
  return false
}

/** If the day has changed since, the units stay spent on the day that is over. */
export async function giveBack(
  ports: SpendingPorts,
  purpose: Purpose,
  { caller, claim }: Payer,
  units = 1,
): Promise<void> {
  for (const { budget } of accountsOf(ports, purpose, caller))
    await ports.budgets.giveBack(budget, claim, units)
}

/** Without a write: the account that has nothing left, of the caller or of its network. */
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

/** Claims of one budget: an item of DynamoDB holds some more. */
const MOST = 5000

function accountsOf(
  { now, settings }: SpendingPorts,
  purpose: Purpose,
  caller: string,
): readonly [Account, Account] {
  const limit = limitsOf(settings.budgets)[purpose]
  const account = (holder: string, of: number) => ({
    holder,
    budget: `${purpose}/${dayOf(now())}/${holder}`,
    limit: of,
  })
  const network = Math.min(limit * settings.budgets.callersPerNetwork, MOST)
  return [account(caller, limit), account(networkOf(caller), network)]
}

const limitsOf = (budgets: Settings['budgets']): Readonly<Record<Purpose, number>> => ({
  requests: budgets.requestsPerCallerPerDay,
  submissions: budgets.requestsPerCallerPerDay,
  unknown: budgets.unknownPerCallerPerDay,
  refused: budgets.refusedPerCallerPerDay,
  'few-builds': budgets.fewBuildsPerCaller,
})

/**
 * Once half of the day's builds are spent, the rest is for callers that had few. `spent`: none is left for anyone.
 * `share-spent`: none is left for this caller. The same claim pays once.
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

/** Without a write: has this caller, or its network, had its builds of today, and is the part for everyone spent? */
export async function shareSpent(ports: SpendingPorts, caller: string): Promise<boolean> {
  const { budget, shared } = buildsOf(ports)
  if (!(await ports.budgets.exhausted(budget, shared))) return false
  return (await spentOut(ports, 'few-builds', caller)) !== undefined
}

const buildsOf = ({ now, settings: { budgets } }: SpendingPorts) => ({
  budget: `builds/${dayOf(now())}`,
  limit: budgets.buildsPerDay,
  /** the part for everyone: at least one */
  shared: Math.ceil(budgets.buildsPerDay / 2),
})
