import { expect, test } from 'vitest'
import { answerOf } from '../../../local/cloudformation/answer.ts'

const REQUEST = { StackId: 'stack', RequestId: 'request', LogicalResourceId: 'Made', RequestType: 'Create' }
const GOOD = {
  ...{ StackId: 'stack', RequestId: 'request', LogicalResourceId: 'Made' },
  ...{ Status: 'SUCCESS', PhysicalResourceId: 'made' },
}
const read = (answer: unknown) => answerOf(Buffer.from(JSON.stringify(answer)), REQUEST)

test('an answer of 4,096 bytes is accepted, and a longer one is refused', () => {
  const padded = (bytes: number) => {
    const without = Buffer.byteLength(JSON.stringify({ ...GOOD, Data: { a: '' } }))
    return read({ ...GOOD, Data: { a: 'x'.repeat(bytes - without) } })
  }
  expect(padded(4096)).toEqual({ tag: 'success', physicalId: 'made' })
  expect(padded(4097)).toMatchObject({ tag: 'failed', reason: expect.stringContaining('too long') })
})

test('a PhysicalResourceId of 1,024 bytes is accepted, and a longer one is refused', () => {
  expect(read({ ...GOOD, PhysicalResourceId: 'é'.repeat(512) })).toMatchObject({ tag: 'success' })
  expect(read({ ...GOOD, PhysicalResourceId: 'é'.repeat(513) })).toMatchObject({
    tag: 'failed',
    reason: expect.stringContaining('PhysicalResourceId'),
  })
})

test.each([
  ['of another stack', { StackId: 'other' }, 'StackId'],
  ['of another request', { RequestId: 'other' }, 'RequestId'],
  ['of another resource', { LogicalResourceId: 'Other' }, 'LogicalResourceId'],
  ['without a PhysicalResourceId', { PhysicalResourceId: undefined }, 'PhysicalResourceId'],
  ['with an empty PhysicalResourceId', { PhysicalResourceId: '' }, 'PhysicalResourceId'],
  ['without a status', { Status: undefined }, 'Status'],
  ['with a status of its own', { Status: 'success' }, 'Status'],
  ['of a failure without its reason', { Status: 'FAILED' }, 'Reason'],
  ['whose data is no object', { Data: 'x' }, 'Data'],
  ['whose NoEcho is neither true nor false', { NoEcho: 'true' }, 'NoEcho'],
])('an answer %s fails the resource, and the reason names the field', (_, wrong, name) => {
  expect(read({ ...GOOD, ...wrong })).toMatchObject({
    tag: 'failed',
    reason: expect.stringContaining(name),
  })
})

test('a failure has its reason and its physical ID', () => {
  expect(read({ ...GOOD, Status: 'FAILED', Reason: 'because' })).toEqual({
    ...{ tag: 'failed', reason: 'because', physicalId: 'made' },
  })
})

test('an answer that is not a JSON object fails the resource', () => {
  for (const body of ['', '[]', 'null', '{'])
    expect(answerOf(Buffer.from(body), REQUEST)).toMatchObject({ tag: 'failed' })
})
