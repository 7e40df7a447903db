// SQS: the template's queues, and the operations that this registry and its operator use.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Resource, Template } from '../template/template.ts'
import { AwsError, authorize, member, type Operation, type Operations } from '../wire/aws-json.ts'
import { type Json, type JsonObject, many, number } from '../wire/json.ts'
import type { Clock, Sender } from '../wire/types.ts'
import { type Message, openQueue, type Queue, type Received } from './queue.ts'

export interface Queues {
  readonly operations: Operations
  /**
   * Sends a message for Lambda or EventBridge, which act for `sender`. It is on disk when this returns.
   * @throws {AwsError} if the sender has no permission or the queue is full
   */
  send(arn: string, message: Message, sender: Sender): void
  /** number of messages in all queues */
  count(): number
}

interface QueuesOptions {
  readonly dir: string
  readonly template: Template
  readonly now: Clock
  readonly log: (line: string) => void
}

interface Living {
  readonly resource: Resource
  readonly queue: Queue
  readonly hiddenSeconds: number
  readonly retentionSeconds: number
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html */
const DEFAULTS = { MessageRetentionPeriod: 345_600, VisibilityTimeout: 30, MaximumMessageSize: 1_048_576 }
const MOST_HIDDEN_SECONDS = 43_200
const MOST_AT_ONCE = 10

export function createQueues({ dir, template, now, log }: QueuesOptions): Queues {
  const living = template.ofType('AWS::SQS::Queue').map((resource): Living => {
    const read = (property: keyof typeof DEFAULTS) =>
      number(resource.properties[property] ?? DEFAULTS[property], `${resource.logicalId}.${property}`)
    const retentionSeconds = read('MessageRetentionPeriod')
    const limits = { retentionMs: retentionSeconds * 1000, maxBytes: read('MaximumMessageSize') }
    const queue = openQueue({ ...limits, dir: join(dir, resource.name), now, log })
    return { resource, queue, retentionSeconds, hiddenSeconds: read('VisibilityTimeout') }
  })
  const asked =
    (action: string, answer: (living: Living, input: JsonObject) => JsonObject): Operation =>
    (input, caller) => {
      const url = member(input, 'QueueUrl')
      const found = living.find(({ resource }) => resource.ref === url)
      authorize(caller, `sqs:${action}`, found?.resource.arn ?? url)
      if (found === undefined) throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.')
      return answer(found, input)
    }
  return {
    operations: {
      ReceiveMessage: asked('ReceiveMessage', receive),
      DeleteMessage: asked('DeleteMessage', ({ queue }, input) => {
        // Like SQS, report success if the message is already gone.
        queue.remove(member(input, 'ReceiptHandle'))
        return {}
      }),
      ChangeMessageVisibility: asked('ChangeMessageVisibility', ({ queue }, input) => {
        const seconds = hiddenFor(input.VisibilityTimeout)
        if (queue.hide(member(input, 'ReceiptHandle'), seconds * 1000)) return {}
        throw new AwsError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.')
      }),
      GetQueueAttributes: asked('GetQueueAttributes', attributesOf),
    },
    send: (arn, message, sender) => {
      const found = living.find(({ resource }) => resource.arn === arn)
      if (found === undefined) throw new Error(`queue ${arn} is not in the template`)
      authorize(sender, 'sqs:SendMessage', arn)
      found.queue.send(message)
    },
    count: () =>
      living
        .map(({ queue }) => queue.counts())
        .reduce((sum, { visible, hidden }) => sum + visible + hidden, 0),
  }
}

/** Answers at once, as SQS does without WaitTimeSeconds. Here a receive sees every message anyway. */
function receive({ queue, hiddenSeconds }: Living, input: JsonObject): JsonObject {
  const most = within(input.MaxNumberOfMessages ?? 1, 'MaxNumberOfMessages', 1, MOST_AT_ONCE)
  const seconds = hiddenFor(input.VisibilityTimeout ?? hiddenSeconds)
  const messages = queue.receive(most, seconds * 1000)
  return messages.length === 0 ? {} : { Messages: messages.map((message) => received(message, input)) }
}

function received({ id, receipt, body, sent, receives, attributes }: Received, input: JsonObject) {
  const system = { SentTimestamp: String(sent), ApproximateReceiveCount: String(receives) }
  const wanted = wantedOf(system, input.MessageSystemAttributeNames ?? input.AttributeNames)
  const own = wantedOf(attributes, input.MessageAttributeNames)
  return {
    ...{ MessageId: id, ReceiptHandle: receipt, Body: body, MD5OfBody: md5(body) },
    ...(Object.keys(wanted).length === 0 ? {} : { Attributes: wanted }),
    ...(Object.keys(own).length === 0 ? {} : { MessageAttributes: typed(own) }),
  }
}

const typed = (attributes: Readonly<Record<string, string>>): JsonObject =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  )

function wantedOf(all: Readonly<Record<string, string>>, names: Json | undefined): Record<string, string> {
  const wanted = many(names)
  if (wanted.includes('All')) return all
  return Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name)))
}

function attributesOf({ queue, resource, hiddenSeconds, retentionSeconds }: Living, input: JsonObject) {
  const { visible, hidden } = queue.counts()
  const all = {
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(hidden),
    MessageRetentionPeriod: String(retentionSeconds),
    QueueArn: resource.arn!,
    VisibilityTimeout: String(hiddenSeconds),
  }
  return { Attributes: wantedOf(all, input.AttributeNames) }
}

const hiddenFor = (seconds: Json | undefined): number =>
  within(seconds, 'VisibilityTimeout', 0, MOST_HIDDEN_SECONDS)

function within(value: Json | undefined, name: string, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw new AwsError('InvalidParameterValue', `${name} is a whole number from ${least} to ${most}`)
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
