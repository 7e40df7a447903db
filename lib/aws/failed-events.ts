// Lists, replays and deletes events that no function could handle. Lambda and EventBridge put such events into one queue.

import * as z from 'zod'
import type { Invoke } from './invoke.ts'
import { type Call, jsonIn } from './json-api.ts'
import { BUILD_ENV, LIVE } from './resources.ts'

/** A message that SQS hides from other readers for a while. */
export interface Taken {
  /** id of the message */
  readonly id: string
  readonly receipt: string
  /** when Lambda or EventBridge gave it up: ISO 8601, to the second */
  readonly time: string
  /** `NAME` or `NAME:ALIAS`; this and the next two fields are `-` if the message does not contain them */
  readonly functionName: string
  /** `detail-type` */
  readonly type: string
  /** key of the probe, or `{suite}/{arch}` of a build root */
  readonly about: string
  readonly error: string
  /** JSON; `undefined`: neither Lambda nor EventBridge sent the message, and it cannot be replayed */
  readonly event: string | undefined
}

export interface FailedEvents {
  /** Takes all visible events, the oldest first, and hides them from other readers for five minutes. */
  take(): Promise<readonly Taken[]>
  /** Number of events that this or another process has hidden. */
  hidden(): Promise<number>
  /** Sends the event again, then deletes the message. A crash in between leaves it, and every handler accepts repeated events. */
  replay(taken: Taken): Promise<void>
  /** Deletes it without sending it. */
  forget(taken: Taken): Promise<void>
  /** Shows it to others again. */
  release(taken: Taken): Promise<void>
}

export interface FailedEventsOptions {
  /** calls SQS */
  readonly call: Call
  readonly queueUrl: string
  readonly invoke: Invoke
}

const HIDDEN_SECONDS = 300
/** Limit of ReceiveMessage. */
const MOST_AT_ONCE = 10
/** With a wait above zero, SQS asks all of its servers. */
const WAIT_SECONDS = 1

const message = z.object({
  MessageId: z.string(),
  ReceiptHandle: z.string(),
  Body: z.string(),
  Attributes: z.object({ SentTimestamp: z.string() }),
  MessageAttributes: z.record(z.string(), z.object({ StringValue: z.string().optional() })).default({}),
})
type Message = z.infer<typeof message>
const page = z.object({ Messages: z.array(message).default([]) })
const attributes = z.object({
  Attributes: z.object({ ApproximateNumberOfMessagesNotVisible: z.string() }),
})

export function createFailedEvents({ call, queueUrl, invoke }: FailedEventsOptions): FailedEvents {
  const of = (more: object): object => ({ QueueUrl: queueUrl, ...more })
  const remove = ({ receipt }: Taken) => call('DeleteMessage', of({ ReceiptHandle: receipt }))

  async function* messages(): AsyncGenerator<Message> {
    const ask = of({
      ...{ MaxNumberOfMessages: MOST_AT_ONCE, VisibilityTimeout: HIDDEN_SECONDS },
      ...{ WaitTimeSeconds: WAIT_SECONDS, MessageAttributeNames: ['All'] },
      MessageSystemAttributeNames: ['SentTimestamp'],
    })
    for (;;) {
      const { Messages } = page.parse(await call('ReceiveMessage', ask))
      if (Messages.length === 0) return
      yield* Messages
    }
  }
  return {
    take: async () => {
      const taken: Taken[] = []
      for await (const one of messages()) taken.push(takenOf(one))
      return taken.sort((a, b) => (a.time < b.time ? -1 : 1))
    },
    hidden: async () => {
      const ask = of({ AttributeNames: ['ApproximateNumberOfMessagesNotVisible'] })
      const { Attributes } = attributes.parse(await call('GetQueueAttributes', ask))
      return Number(Attributes.ApproximateNumberOfMessagesNotVisible)
    },
    replay: async (taken) => {
      if (taken.event === undefined) throw new Error(`${taken.id} is not an event of this registry`)
      await invoke(taken.functionName, taken.event)
      await remove(taken)
    },
    forget: async (taken) => void (await remove(taken)),
    release: async ({ receipt }) =>
      void (await call('ChangeMessageVisibility', of({ ReceiptHandle: receipt, VisibilityTimeout: 0 }))),
  }
}

const NONE = '-'

const envelope = z.object({ 'detail-type': z.string(), detail: z.looseObject({}) })
/** A message from Lambda: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
const record = z.object({
  timestamp: z.string(),
  requestContext: z.object({ functionArn: z.string(), condition: z.string() }),
  requestPayload: z.looseObject({}),
  responsePayload: z.looseObject({ errorMessage: z.string() }).optional(),
})

/** Lambda sends a record that contains the event. EventBridge sends the event itself, with the error in message attributes. */
function takenOf(one: Message): Taken {
  const own = { id: one.MessageId, receipt: one.ReceiptHandle }
  const sent = new Date(Number(one.Attributes.SentTimestamp)).toISOString()
  const { TARGET_ARN, ERROR_MESSAGE } = one.MessageAttributes
  const body = jsonIn(one.Body)
  const { data } = record.safeParse(body)
  if (data !== undefined) {
    const { timestamp, requestContext, requestPayload, responsePayload } = data
    const error = responsePayload?.errorMessage ?? requestContext.condition
    return { ...own, ...known(timestamp, requestContext.functionArn, requestPayload), error }
  }
  if (TARGET_ARN?.StringValue !== undefined) {
    const error = ERROR_MESSAGE?.StringValue ?? 'EventBridge could not deliver it'
    return { ...own, ...known(sent, TARGET_ARN.StringValue, body), error }
  }
  const error = 'neither Lambda nor EventBridge sent this message'
  const nobody = { functionName: NONE, type: NONE, about: NONE, event: undefined }
  return { ...own, ...nobody, time: toSecond(sent), error }
}

const known = (time: string, functionArn: string, event: unknown) => ({
  time: toSecond(time),
  functionName: nameIn(functionArn),
  ...saidBy(event),
  event: JSON.stringify(event),
})

/** Replaces a version by the live alias, because that version may be deleted by now. */
function nameIn(functionArn: string): string {
  const [, name = NONE, qualifier = '$LATEST'] = /:function:([^:]+)(?::(.+))?$/.exec(functionArn) ?? []
  if (qualifier === '$LATEST') return name
  return `${name}:${/^\d+$/.test(qualifier) ? LIVE : qualifier}`
}

const toSecond = (time: string): string => time.replace(/\.\d+/, '')

function saidBy(event: unknown): Pick<Taken, 'type' | 'about'> {
  const { data } = envelope.safeParse(event)
  return data === undefined
    ? { type: NONE, about: NONE }
    : { type: data['detail-type'], about: aboutOf(data.detail) }
}

/** CodeBuild's event, which repeats the environment of the build. */
const build = z.object({
  'additional-information': z.object({
    environment: z.object({
      'environment-variables': z.array(z.object({ name: z.string(), value: z.string() })),
    }),
  }),
})

function aboutOf(detail: Readonly<Record<string, unknown>>): string {
  if (typeof detail.key === 'string') return detail.key
  if (typeof detail.suite === 'string') return `${detail.suite}/${String(detail.arch)}`
  const variables =
    build.safeParse(detail).data?.['additional-information'].environment['environment-variables']
  return variables?.find(({ name }) => name === BUILD_ENV.probeKey)?.value ?? NONE
}
