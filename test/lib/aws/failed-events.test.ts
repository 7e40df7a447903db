// Tests reads of the queue of failed events: those of Lambda, those of EventBridge, and messages of unknown origin.

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createFailedEvents } from '../../../lib/aws/failed-events.ts'
import { createQueues } from '../../../local/sqs/sqs.ts'
import { loadTemplate } from '../../../local/template/template.ts'
import type { Json, JsonObject } from '../../../local/wire/json.ts'
import type { Principal } from '../../../local/wire/types.ts'
import { temporaryFolder, writeAssembly } from '../../support/local/assembly.ts'

const ANYONE: Principal = {
  ...{ name: 'Anyone', accessKeyId: '', secretAccessKey: '', sessionToken: '' },
  may: () => true,
}
const PLAN = 'arn:aws:lambda:us-east-1:000000000000:function:Plan'

async function lab(invoke = async (_name: string, _event: string): Promise<void> => {}) {
  const folder = temporaryFolder()
  const resources = { Failed: { Type: 'AWS::SQS::Queue' } }
  const assembly = await writeAssembly(join(folder, 'cdk.out'), resources)
  const template = loadTemplate(assembly, { publicUrl: 'http://127.0.0.1:1' })
  const queues = createQueues({ dir: join(folder, 'queues'), template, now: Date.now, log: () => {} })
  const [queue] = template.ofType('AWS::SQS::Queue')
  const call = async (operation: string, input: object): Promise<object> =>
    queues.operations[operation]!(input as JsonObject, ANYONE)
  return {
    events: createFailedEvents({ call, queueUrl: queue!.ref, invoke }),
    left: () => queues.count(),
    send: (body: Json, attributes: Record<string, string> = {}) =>
      queues.send(
        queue!.arn!,
        { body: typeof body === 'string' ? body : JSON.stringify(body), attributes },
        ANYONE,
      ),
  }
}

const requested = (detail: JsonObject): JsonObject => ({ 'detail-type': 'ProbeRequested', detail })
const record = (event: JsonObject, more: JsonObject = {}): JsonObject => ({
  ...{ version: '1.0', timestamp: '2026-11-14T18:16:05.568Z' },
  requestContext: { requestId: 'r', functionArn: `${PLAN}:$LATEST`, condition: 'RetriesExhausted' },
  requestPayload: event,
  ...more,
})

test('an event that Lambda dropped has its function, its time, its probe and its error', async () => {
  const { events, send } = await lab()
  send(record(requested({ key: 'driver/a.ko' }), { responsePayload: { errorMessage: 'broken', trace: [] } }))
  expect(await events.take()).toMatchObject([
    {
      time: '2026-11-14T18:16:05Z',
      functionName: 'Plan',
      type: 'ProbeRequested',
      about: 'driver/a.ko',
      error: 'broken',
      event: JSON.stringify(requested({ key: 'driver/a.ko' })),
    },
  ])
})

test.each([
  [`${PLAN}:live`, 'Plan:live'],
  // The version may no longer exist, and the alias live replaces it.
  [`${PLAN}:12`, 'Plan:live'],
  [`${PLAN}:$LATEST`, 'Plan'],
  [PLAN, 'Plan'],
])('an event of %s is replayed to %s', async (functionArn, name) => {
  const sent: string[] = []
  const { events, send } = await lab(async (to) => void sent.push(to))
  const given = record(requested({ key: 'k' })) as { requestContext: JsonObject }
  send({ ...given, requestContext: { ...given.requestContext, functionArn } })
  const [one] = await events.take()
  expect(one).toMatchObject({ functionName: name })
  await events.replay(one!)
  expect(sent).toEqual([name])
})

test('an event without an error has the reason of Lambda in its place', async () => {
  const { events, send } = await lab()
  send(record(requested({})))
  expect(await events.take()).toMatchObject([{ about: '-', error: 'RetriesExhausted' }])
})

test('an event that EventBridge could not deliver has the function and the error of its attributes', async () => {
  const { events, send } = await lab()
  const variables = [{ name: 'PROBE_KEY', value: 'driver/b.ko' }]
  const detail = { 'additional-information': { environment: { 'environment-variables': variables } } }
  const event = { 'detail-type': 'CodeBuild Build State Change', detail }
  send(event, { TARGET_ARN: PLAN, ERROR_MESSAGE: 'no permission' })
  expect(await events.take()).toMatchObject([
    { functionName: 'Plan', about: 'driver/b.ko', error: 'no permission', event: JSON.stringify(event) },
  ])
})

test('a message of unknown origin is shown, cannot be replayed, and can be deleted', async () => {
  const { events, send, left } = await lab()
  for (const body of ['{"torn', 'null', '{"requestPayload":{}}']) send(body)
  const taken = await events.take()
  expect(taken).toHaveLength(3)
  for (const one of taken) {
    expect(one).toMatchObject({ functionName: '-', event: undefined })
    await expect(events.replay(one)).rejects.toThrow(/not an event of this registry/)
    await events.forget(one)
  }
  expect(left()).toBe(0)
})

test('an event stays in the queue if its replay fails, and is deleted if it succeeds', async () => {
  const sent: string[] = []
  let away = true
  const { events, send, left } = await lab(async (name, event) => {
    if (away) throw new Error('Function not found')
    sent.push(`${name} ${event}`)
  })
  send(record(requested({ key: 'k' })))
  const [one] = await events.take()
  await expect(events.replay(one!)).rejects.toThrow(/not found/)
  expect([left(), await events.hidden()]).toEqual([1, 1])
  away = false
  await events.replay(one!)
  expect([left(), sent]).toEqual([0, [`Plan ${JSON.stringify(requested({ key: 'k' }))}`]])
})

test('all messages of several pages are taken, and stay hidden until they are released', async () => {
  const { events, send } = await lab()
  for (let n = 0; n < 25; n += 1) send(record(requested({ key: `k${n}` })))
  const taken = await events.take()
  expect(new Set(taken.map(({ about }) => about)).size).toBe(25)
  expect(await events.take()).toEqual([])
  for (const one of taken) await events.release(one)
  expect(await events.take()).toHaveLength(25)
})
