// What one caller, and the network that it is of, may spend on one day: each has a budget of its own for each purpose.

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
 * `requests`: missing probes that were asked for. `unknown`: those of which it is not known yet whether there is such a
 * kernel, or known that there is none. `submissions`: kernels that were put on record. `refused`: bodies that are being
 * read, or were and are no kernel. `few-builds`: the first builds of a day.
 */
type Purpose = 'requests' | 'unknown' | 'submissions' | 'refused' | 'few-builds'

/** Spends so many units; false, and nothing is spent, where the caller or its network has not as many left. */
export async function spend(
  ports: SpendingPorts,
  purpose: Purpose,
  caller: string,
  claim: string,
  units = 1,
): Promise<boolean> {
  const [own, network] = accountsOf(ports, purpose, caller)
  if (!(await ports.budgets.spend(own.budget, claim, own.limit, units))) return false
  if (await ports.budgets.spend(network.budget, claim, network.limit, units)) return true
  // A crash before this leaves units that are spent until the day is over.
  await ports.budgets.giveBack(own.budget, claim, units)
  return false
}

/** Where the day has changed since, the unit stays with the day that is over. */
export async function giveBack(
  ports: SpendingPorts,
  purpose: Purpose,
  caller: string,
  claim: string,
  units = 1,
): Promise<void> {
  for (const { budget } of accountsOf(ports, purpose, caller))
    await ports.budgets.giveBack(budget, claim, units)
}

/** A look without a write: who has nothing left of it, the caller or its network? */
export async function spentOut(
  ports: SpendingPorts,
  purpose: Purpose,
  caller: string,
): Promise<Account | undefined> {
  for (const account of accountsOf(ports, purpose, caller))
    if (await ports.budgets.exhausted(account.budget, account.limit)) return account
  return undefined
}

/** Whose budget it is, and how much that is. */
export interface Account {
  readonly holder: string
  readonly budget: string
  readonly limit: number
}

/** DynamoDB's item holds that many claims, and some more. */
const MOST = 5000

function accountsOf(
  { now, settings }: SpendingPorts,
  purpose: Purpose,
  caller: string,
): readonly [Account, Account] {
  const limit = limitOf(settings.budgets, purpose)
  const account = (holder: string, of: number) => ({
    holder,
    budget: `${purpose}/${dayOf(now())}/${holder}`,
    limit: of,
  })
  const network = Math.min(limit * settings.budgets.callersPerNetwork, MOST)
  return [account(caller, limit), account(networkOf(caller), network)]
}

function limitOf(budgets: Settings['budgets'], purpose: Purpose): number {
  switch (purpose) {
    case 'requests':
    case 'submissions':
      return budgets.requestsPerCallerPerDay
    case 'unknown':
      return budgets.unknownPerCallerPerDay
    case 'refused':
      return budgets.refusedPerCallerPerDay
    case 'few-builds':
      return budgets.fewBuildsPerCaller
  }
}

/**
 * The builds of a day: once half of them are spent, the rest stays with callers that had few. `spent`: there are none left
 * for anyone. `share-spent`: there are none left for this caller. The same claim pays once, however often it asks.
 */
export async function payBuild(
  ports: SpendingPorts,
  caller: string,
  claim: string,
): Promise<'paid' | 'spent' | 'share-spent'> {
  const { budget, limit, shared } = buildsOf(ports)
  const few = await spend(ports, 'few-builds', caller, claim)
  if (await ports.budgets.spend(budget, claim, few ? limit : shared)) return 'paid'
  return few ? 'spent' : 'share-spent'
}

/** What a claim has paid for a build that did not begin. */
export async function giveBackBuild(ports: SpendingPorts, caller: string, claim: string): Promise<void> {
  await giveBack(ports, 'few-builds', caller, claim)
  await ports.budgets.giveBack(buildsOf(ports).budget, claim)
}

/** A look without a write: was this caller, or its network, built for often today, and is what all share spent? */
export async function shareSpent(ports: SpendingPorts, caller: string): Promise<boolean> {
  const { budget, shared } = buildsOf(ports)
  // On most days that ends it.
  if (!(await ports.budgets.exhausted(budget, shared))) return false
  return (await spentOut(ports, 'few-builds', caller)) !== undefined
}

const buildsOf = ({ now, settings: { budgets } }: SpendingPorts) => ({
  budget: `builds/${dayOf(now())}`,
  limit: budgets.buildsPerDay,
  /** at least one: a day of one build is anyone's */
  shared: Math.ceil(budgets.buildsPerDay / 2),
})
