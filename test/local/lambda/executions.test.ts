// Tests the concurrent executions of an account.

import { expect, test } from 'vitest'
import { accountExecutions, NEW_ACCOUNT } from '../../../local/lambda/executions.ts'

test('a new account cannot reserve executions for a function: the deployment is refused with the message of AWS', () => {
  expect(() => accountExecutions(NEW_ACCOUNT, new Map([['wait', 1]]))).toThrow(
    /^function wait: .* below its minimum value of \[10\]\.$/,
  )
  expect(() => accountExecutions(1000, new Map([['wait', 901]]))).toThrow(/minimum value of \[100\]/)
  expect(() => accountExecutions(1000, new Map([['wait', 900]]))).not.toThrow()
})

test('reserved executions are both the limit of their function and its own; all other functions share the rest', () => {
  const of = accountExecutions(102, new Map([['wait', 2]]))
  const [wait, plan, resolve] = [of('wait'), of('plan'), of('resolve')]
  for (let i = 0; i < 100; i += 1) expect((i % 2 === 0 ? plan : resolve).begin()).toBe(true)
  expect([plan.begin(), resolve.begin()]).toEqual([false, false])
  expect([wait.begin(), wait.begin(), wait.begin()]).toEqual([true, true, false])
  plan.end()
  expect([resolve.begin(), plan.begin()]).toEqual([true, false])
})
