// The executions that the stack keeps are those that its account is asked for.

import { expect, test } from 'vitest'
import { reservedFor } from '../../../lib/model/concurrency.ts'
import { resourcesOf, synthesis } from '../../support/cdk/template.ts'

test('the functions of the template keep what is said to be kept, and no other keeps any', () => {
  const { template } = synthesis({ cloud: { waitConcurrency: 123 } }, true)
  const kept = [...resourcesOf(template, 'AWS::Lambda::Function')].flatMap(([id, { Properties }]) => {
    const { ReservedConcurrentExecutions: executions } = Properties
    return executions === undefined ? [] : [[id.toLowerCase(), executions]]
  })
  expect(Object.fromEntries(kept)).toEqual(reservedFor({ waitConcurrency: 123 }))
})
