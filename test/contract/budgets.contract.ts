// The promises of Budgets, run against every implementation.

import { beforeEach, expect, test } from 'vitest'
import type { Budgets } from '../../lib/model/ports.ts'

const BUDGET = 'builds/2026-11-23'
const names = (count: number) => Array.from({ length: count }, (_, i) => `claim-${i}`)

/** `make`: unspent budgets. */
export function budgetsContract(make: () => Promise<Budgets>): void {
  let budgets: Budgets
  beforeEach(async () => {
    budgets = await make()
  })
  const spendAll = (claims: readonly string[], limit: number) =>
    Promise.all(claims.map((claim) => budgets.spend(BUDGET, claim, limit)))

  test('a budget is spent up to its limit', async () => {
    expect(await budgets.spend(BUDGET, 'a', 2)).toBe(true)
    expect(await budgets.spend(BUDGET, 'b', 2)).toBe(true)
    expect(await budgets.spend(BUDGET, 'c', 2)).toBe(false)
  })

  test('concurrent claims never spend more than the limit', async () => {
    const results = await spendAll(names(40), 7)
    expect(results.filter((paid) => paid)).toHaveLength(7)
  })

  test('a claim spends only once, even if it asks many times', async () => {
    const results = await spendAll(Array(10).fill('the same'), 2)
    expect(results).toEqual(Array(10).fill(true))
    expect(await budgets.exhausted(BUDGET, 2)).toBe(false)
    expect(await budgets.spend(BUDGET, 'another', 2)).toBe(true)
  })

  test('a claim that has already spent still succeeds when the budget is exhausted', async () => {
    await spendAll(names(3), 3)
    expect(await budgets.spend(BUDGET, 'late', 3)).toBe(false)
    expect(await budgets.spend(BUDGET, 'claim-1', 3)).toBe(true)
  })

  test('a claim is not confused with a longer claim that starts with its name', async () => {
    await budgets.spend(BUDGET, 'claim-11', 1)
    expect(await budgets.spend(BUDGET, 'claim-1', 1)).toBe(false)
  })

  test('several units are spent together, once, or not at all, and given back together', async () => {
    expect(await budgets.spend(BUDGET, 'dear', 4, 5)).toBe(false)
    expect(await budgets.spend(BUDGET, 'dear', 7, 5)).toBe(true)
    expect(await budgets.spend(BUDGET, 'dear', 7, 5)).toBe(true)
    expect(await budgets.spend(BUDGET, 'too dear', 7, 3)).toBe(false)
    expect(await budgets.spend(BUDGET, 'cheap', 7, 2)).toBe(true)
    expect(await budgets.exhausted(BUDGET, 7)).toBe(true)
    await budgets.giveBack(BUDGET, 'dear', 5)
    expect(await budgets.spend(BUDGET, 'another', 7, 5)).toBe(true)
  })

  test('two budgets are independent', async () => {
    await budgets.spend(BUDGET, 'a', 1)
    expect(await budgets.spend('builds/2026-11-24', 'a', 1)).toBe(true)
  })

  test('a unit that is given back can be spent again, and is given back only once', async () => {
    await spendAll(names(2), 2)
    await budgets.giveBack(BUDGET, 'claim-0')
    await budgets.giveBack(BUDGET, 'claim-0')
    expect(await budgets.exhausted(BUDGET, 2)).toBe(false)
    expect(await budgets.spend(BUDGET, 'another', 2)).toBe(true)
    expect(await budgets.spend(BUDGET, 'late', 2)).toBe(false)
  })

  test('a unit that was never spent is not given back', async () => {
    await spendAll(names(2), 2)
    await budgets.giveBack(BUDGET, 'claim-11')
    await budgets.giveBack('builds/2026-11-24', 'claim-1')
    expect(await budgets.exhausted(BUDGET, 2)).toBe(true)
  })

  test('a budget is exhausted when its limit is reached, and the check spends nothing', async () => {
    expect(await budgets.exhausted(BUDGET, 1)).toBe(false)
    await budgets.spend(BUDGET, 'a', 2)
    expect(await budgets.exhausted(BUDGET, 2)).toBe(false)
    await budgets.spend(BUDGET, 'b', 2)
    expect(await budgets.exhausted(BUDGET, 2)).toBe(true)
    expect(await budgets.exhausted(BUDGET, 3)).toBe(false)
  })
}
