import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openQueue } from '../../../local/sqs/queue.ts'
import { createQueues } from '../../../local/sqs/sqs.ts'
import { loadTemplate } from '../../../local/template/template.ts'
import type { JsonObject } from '../../../local/wire/json.ts'
import type { Principal } from '../../../local/wire/types.ts'
import { temporaryFolder, writeAssembly } from '../../support/local/assembly.ts'

const DAY = 86_400_000
const ARN = 'arn:aws:sqs:us-east-1:000000000000:Small-Failed'
const URL = 'https://sqs.us-east-1.amazonaws.com/000000000000/Small-Failed'

const caller = (may: Principal['may']): Principal => ({
  ...{ name: 'Tester', accessKeyId: '', secretAccessKey: '', sessionToken: '' },
  may,
})

interface Answer {
  readonly MessageId?: string
  readonly Messages?: { MessageId: string; ReceiptHandle: string; Body: string; Attributes?: JsonObject }[]
  readonly Attributes?: JsonObject
}

async function lab(properties: JsonObject = {}) {
  const folder = temporaryFolder()
  const resources = { Failed: { Type: 'AWS::SQS::Queue', Properties: properties } }
  const template = loadTemplate(await writeAssembly(join(folder, 'cdk.out'), resources), {
    publicUrl: 'http://127.0.0.1:1',
  })
  const dir = join(folder, 'queues')
  const clock = { now: Date.now() }
  const lines: string[] = []
  const open = () =>
    createQueues({ dir, template, now: () => clock.now, log: (line) => void lines.push(line) })
  let queues = open()
  const ask = (operation: string, input: JsonObject = {}, who = caller(() => true)): Answer =>
    queues.operations[operation]!({ QueueUrl: URL, ...input }, who) as Answer
  return {
    ...{ clock, lines, ask, files: join(dir, 'Small-Failed') },
    send: (body: string) =>
      queues.send(
        ARN,
        { body, attributes: {} },
        caller(() => true),
      ),
    receive: (more: JsonObject = {}) =>
      ask('ReceiveMessage', { MaxNumberOfMessages: 10, ...more }).Messages ?? [],
    counts: () => ask('GetQueueAttributes', { AttributeNames: ['All'] }).Attributes!,
    restart: () => {
      queues = open()
    },
  }
}

test('a message is received with its digest and its time, and never again after it was deleted', async () => {
  const { send, receive, ask, clock } = await lab()
  send('hello')
  const [message] = receive({ MessageSystemAttributeNames: ['All'] })
  expect(message).toEqual({
    MessageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    ReceiptHandle: expect.any(String),
    Body: 'hello',
    MD5OfBody: '5d41402abc4b2a76b9719d911017c592',
    Attributes: { SentTimestamp: String(clock.now), ApproximateReceiveCount: '1' },
  })
  ask('DeleteMessage', { ReceiptHandle: message!.ReceiptHandle })
  clock.now += DAY
  expect(receive()).toEqual([])
})

test('a received message is hidden until its visibility timeout ends or is set to zero', async () => {
  const { send, receive, ask, clock, counts } = await lab({ VisibilityTimeout: 30 })
  send('a')
  expect(receive()).toHaveLength(1)
  expect(receive()).toEqual([])
  expect(counts()).toMatchObject({
    ApproximateNumberOfMessages: '0',
    ApproximateNumberOfMessagesNotVisible: '1',
  })
  clock.now += 30_000
  const [again] = receive({ VisibilityTimeout: 300 })
  ask('ChangeMessageVisibility', { ReceiptHandle: again!.ReceiptHandle, VisibilityTimeout: 0 })
  const [third] = receive({ MessageSystemAttributeNames: ['All'] })
  expect(third).toMatchObject({ Attributes: { ApproximateReceiveCount: '3' } })
})

test('a receipt handle is invalid after the message was received again', async () => {
  const { send, receive, ask, clock } = await lab()
  send('a')
  const [first] = receive()
  clock.now += DAY
  receive()
  ask('DeleteMessage', { ReceiptHandle: first!.ReceiptHandle })
  expect(() =>
    ask('ChangeMessageVisibility', { ReceiptHandle: first!.ReceiptHandle, VisibilityTimeout: 0 }),
  ).toThrow(/receipt handle/)
  clock.now += DAY
  expect(receive()).toHaveLength(1)
})

test('messages survive a restart, are received oldest first, and hidden ones are visible again', async () => {
  const { send, receive, restart, clock } = await lab()
  for (const text of ['1', '2', '3']) {
    send(text)
    clock.now += 1
  }
  receive()
  restart()
  expect(receive({ MaxNumberOfMessages: 2 }).map(({ Body }) => Body)).toEqual(['1', '2'])
})

test('a message and its file are deleted after the retention period', async () => {
  const { send, receive, restart, clock, files } = await lab({ MessageRetentionPeriod: 14 * 86_400 })
  send('a')
  clock.now += 14 * DAY
  restart()
  expect(receive()).toHaveLength(1)
  clock.now += 1
  expect(receive()).toEqual([])
  expect(readdirSync(files)).toEqual([])
})

test('the queue limits the size and the number of messages', async () => {
  const { send } = await lab({ MaximumMessageSize: 1024 })
  expect(() => send('x'.repeat(1025))).toThrow(/1024 bytes/)
  send('x'.repeat(1024))
  const options = { dir: temporaryFolder(), retentionMs: DAY, maxBytes: 9, most: 2 }
  const small = openQueue({ ...options, now: Date.now, log: () => {} })
  for (const body of ['a', 'b']) small.send({ body, attributes: {} })
  expect(() => small.send({ body: 'c', attributes: {} })).toThrow(/holds 2 messages/)
  small.remove(small.receive(1, 0)[0]!.receipt)
  expect(small.send({ body: 'c', attributes: {} })).toEqual(expect.any(String))
})

test('a file that is not a message is skipped, and the others are received', async () => {
  const { send, receive, restart, files, lines } = await lab()
  mkdirSync(files, { recursive: true })
  writeFileSync(join(files, `000000000000001-${crypto.randomUUID()}.json`), '{"torn')
  writeFileSync(join(files, 'note.json'), '{"body":"x"}')
  restart()
  send('a')
  // The torn file is from 1970: a queue without its own retention period keeps messages for four days.
  expect(receive().map(({ Body }) => Body)).toEqual(['a'])
  expect(readdirSync(files)).toContain('note.json')
  writeFileSync(join(files, `${String(Date.now()).padStart(15, '0')}-${crypto.randomUUID()}.json`), '{"torn')
  restart()
  expect(receive().map(({ Body }) => Body)).toEqual(['a'])
  expect(lines).toEqual([expect.stringContaining('is skipped')])
})

test('a caller without permission for the operation and the queue is refused', async () => {
  const { ask } = await lab()
  const reader = caller((action, resource) => action === 'sqs:ReceiveMessage' && resource === ARN)
  expect(ask('ReceiveMessage', {}, reader)).toEqual({})
  for (const operation of ['DeleteMessage', 'ChangeMessageVisibility', 'GetQueueAttributes'])
    expect(() => ask(operation, {}, reader)).toThrow(/not authorized/)
  expect(() => ask('ReceiveMessage', { QueueUrl: `${URL}2` }, reader)).toThrow(/not authorized/)
  expect(() => ask('ReceiveMessage', { QueueUrl: `${URL}2` })).toThrow(/does not exist/)
  expect(() => ask('ReceiveMessage', { MaxNumberOfMessages: 11 })).toThrow(/from 1 to 10/)
})
