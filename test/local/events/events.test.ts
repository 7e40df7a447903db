import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createEvents, type Events, type EventsOptions } from '../../../local/events/events.ts'
import { type Faults, NO_FAULTS } from '../../../local/faults.ts'
import { createRoles } from '../../../local/iam/roles.ts'
import { createDeliveries } from '../../../local/lambda/deliveries.ts'
import type { Fn, Functions } from '../../../local/lambda/lambda.ts'
import type { Pace } from '../../../local/lambda/pace.ts'
import type { Outcome } from '../../../local/lambda/runner.ts'
import { createQueues } from '../../../local/sqs/sqs.ts'
import { loadTemplate } from '../../../local/template/template.ts'
import type { JsonObject } from '../../../local/wire/json.ts'
import type { Principal } from '../../../local/wire/types.ts'
import { allow, rule, temporaryFolder, until, writeAssembly } from '../../support/local/assembly.ts'

const PERMITTED: Principal = {
  name: 'Tester',
  accessKeyId: '',
  secretAccessKey: '',
  sessionToken: '',
  may: (action, resource) => action === 'events:PutEvents' && !resource.endsWith('/Closed'),
}
const ANYONE: Principal = { ...PERMITTED, may: () => true }
const OK: Outcome = { tag: 'answer', payload: 'null' }
const FAILED: Outcome = { tag: 'failed', message: 'no' }
const BUSY: Outcome = { tag: 'throttled' }

const QUICK: Pace = { afterFailure: () => 5, afterThrottle: () => 5 }

interface Lab {
  readonly events: Events
  readonly got: JsonObject[]
  readonly lines: string[]
  /** what the queue of failed events holds */
  failed(): { Body: string; MessageAttributes?: JsonObject }[]
  /** files of events that are not delivered yet */
  pending(): number
  put(entries: JsonObject[]): JsonObject
}

/** The events of a template, and a function with the results `outcomes`, one after the other. */
async function lab(
  resources: JsonObject,
  outcomes: Outcome[] = [],
  may: Principal['may'] = () => true,
  { pace = QUICK, faults = NO_FAULTS }: { readonly pace?: Pace; readonly faults?: Faults } = {},
): Promise<Lab> {
  const folder = temporaryFolder()
  const assembly = await writeAssembly(join(folder, 'cdk.out'), resources)
  const template = loadTemplate(assembly, { publicUrl: 'http://127.0.0.1:1' })
  const [got, lines] = [[] as JsonObject[], [] as string[]]
  const [log, now] = [(line: string) => void lines.push(line), Date.now]
  const queues = createQueues({ dir: join(folder, 'queues'), template, now, log })
  const [queue] = template.ofType('AWS::SQS::Queue')
  const roles = createRoles(template, Date.now)
  const permits = template.ofType('AWS::Lambda::Permission').length > 0
  const fn: Fn = {
    name: 'Fn',
    ...{ arn: 'arn:fn:live', qualifiedArn: 'arn:fn:live', version: '7' },
    retries: 2,
    maxAge: 60_000,
    onFailure: queue && { queueArn: queue.arn!, sender: { name: 'Fn', may } },
    permits: () => permits,
    invoke: async (event) => {
      got.push(event as JsonObject)
      return outcomes.shift() ?? OK
    },
  }
  const functions: Functions = { find: () => fn, stop: async () => {} }
  const dir = join(folder, 'events')
  const deliveries = createDeliveries({ dir, functions, queues, now, log, pace, faults })
  const toQueue: EventsOptions['toQueue'] = (arn, message, rule) =>
    queues.send(arn, message, roles.service('events.amazonaws.com', rule))
  const events = createEvents({ template, functions, deliveries, toQueue, now, log })
  return {
    events,
    got,
    lines,
    failed: () => {
      const ask = { QueueUrl: queue!.ref, MessageAttributeNames: ['All'] }
      const { Messages = [] } = queues.operations.ReceiveMessage!(ask, ANYONE) as {
        Messages?: { Body: string }[]
      }
      return Messages
    },
    pending: () => (existsSync(dir) ? readdirSync(dir).length : 0),
    put: (Entries) => events.operations.PutEvents!({ Entries }, PERMITTED) as JsonObject,
  }
}

const entry = (more: JsonObject = {}): JsonObject => ({
  Source: 'test',
  DetailType: 'Happened',
  Detail: '{"a":1}',
  ...more,
})
/** A target by its plain ARN: the template has no functions here. */
const plain = (resources: JsonObject): JsonObject =>
  JSON.parse(JSON.stringify(resources).replaceAll('{"Fn::GetAtt":["Fn","Arn"]}', '"arn:fn"'))

const RULES = plain({
  Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'Ours' } },
  Closed: { Type: 'AWS::Events::EventBus', Properties: { Name: 'Closed' } },
  ...rule('Matching', { EventBusName: { Ref: 'Bus' }, EventPattern: { source: ['test'] } }, 'Fn'),
})

const ARN = 'arn:aws:events:us-east-1:000000000000:rule/Ours/Small-Matching'
const QUEUE = {
  Failed: { Type: 'AWS::SQS::Queue', Properties: {} },
  FailedPolicy: {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: {
      Queues: [{ Ref: 'Failed' }],
      PolicyDocument: {
        Statement: [
          {
            ...allow('sqs:SendMessage', { 'Fn::GetAtt': ['Failed', 'Arn'] }),
            Principal: { Service: 'events.amazonaws.com' },
            Condition: { ArnEquals: { 'aws:SourceArn': ARN } },
          },
        ],
      },
    },
  },
}
/** The rules, with a queue for undeliverable events. */
const WITH_QUEUE = ((): JsonObject => {
  const text = JSON.stringify(RULES)
  const target = '"Id":"Target0"'
  const dead = `${target},"DeadLetterConfig":{"Arn":{"Fn::GetAtt":["Failed","Arn"]}}`
  return { ...(JSON.parse(text.replace(target, dead)) as JsonObject), ...QUEUE }
})()

describe('an event', () => {
  test('reaches the targets of the matching rules of its bus, in the envelope of EventBridge', async () => {
    const { put, got } = await lab(RULES)
    put([entry({ EventBusName: 'Ours' }), entry(), entry({ EventBusName: 'Ours', Source: 'other' })])
    await until(() => got.length > 0 || undefined)
    expect(got).toEqual([
      {
        version: '0',
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        'detail-type': 'Happened',
        source: 'test',
        account: '000000000000',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        region: 'us-east-1',
        resources: [],
        detail: { a: 1 },
      },
    ])
  })

  test('with two values of one name is matched by the first, and delivered with the second', async () => {
    const EventPattern = { detail: { a: ['first'] } }
    const rules = rule('Matching', { EventBusName: { Ref: 'Bus' }, EventPattern }, 'Fn')
    const { put, got } = await lab({ ...RULES, ...plain(rules) })
    put([entry({ EventBusName: 'Ours', Detail: '{"a":"first","a":"second"}' })])
    await until(() => got.length > 0 || undefined)
    expect(got).toMatchObject([{ detail: { a: 'second' } }])
  })

  test('is retried until it succeeds, and is removed then', async () => {
    const { put, got, pending } = await lab(RULES, [FAILED, FAILED, OK])
    put([entry({ EventBusName: 'Ours' })])
    expect(pending()).toBe(1)
    await until(() => pending() === 0 || undefined)
    expect(got).toHaveLength(3)
  })

  test('is dropped after two retries, with a line in the log', async () => {
    const { put, got, pending, lines } = await lab(RULES, [FAILED, FAILED, FAILED, OK])
    put([entry({ EventBusName: 'Ours' })])
    await until(() => pending() === 0 || undefined)
    expect(got).toHaveLength(3)
    expect(lines).toEqual([expect.stringContaining('given up')])
  })

  test('that failed after its retries is in the queue, in Lambda’s format for destinations', async () => {
    const { put, pending, failed, lines } = await lab(WITH_QUEUE, [FAILED, FAILED, FAILED])
    put([entry({ EventBusName: 'Ours' })])
    await until(() => pending() === 0 || undefined)
    const [message, ...more] = failed()
    expect(more).toEqual([])
    expect(JSON.parse(message!.Body)).toEqual({
      version: '1.0',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      requestContext: {
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        functionArn: 'arn:fn:live',
        condition: 'RetriesExhausted',
        approximateInvokeCount: 3,
      },
      requestPayload: expect.objectContaining({ 'detail-type': 'Happened', detail: { a: 1 } }),
      responseContext: { statusCode: 200, executedVersion: '7', functionError: 'Unhandled' },
      responsePayload: { errorMessage: 'no' },
    })
    expect(lines).toEqual([expect.stringContaining('`probe-registry replay` shows it')])
  })

  test('that failed after its retries is lost if the role of its function may not send to the queue, and the log reports it', async () => {
    const { put, pending, failed, lines } = await lab(WITH_QUEUE, [FAILED, FAILED, FAILED], () => false)
    put([entry({ EventBusName: 'Ours' })])
    await until(() => pending() === 0 || undefined)
    expect(failed()).toEqual([])
    expect(lines).toEqual([expect.stringMatching(/it is lost, .*: User: Fn is not authorized/)])
  })

  test('that EventBridge cannot deliver is in the queue, with the reason as attributes', async () => {
    const { MatchingPermission: _, ...rules } = WITH_QUEUE
    const { put, failed, lines } = await lab(rules)
    put([entry({ EventBusName: 'Ours' })])
    const [message] = failed()
    expect(JSON.parse(message!.Body)).toMatchObject({ 'detail-type': 'Happened', detail: { a: 1 } })
    expect(message!.MessageAttributes).toMatchObject({
      RULE_ARN: { DataType: 'String', StringValue: ARN },
      TARGET_ARN: { StringValue: 'arn:fn:live' },
      ERROR_CODE: { StringValue: 'NO_PERMISSIONS' },
    })
    expect(lines).toEqual([expect.stringContaining('no permission')])
  })

  test('that EventBridge cannot deliver is lost if the policy of the queue does not allow the rule', async () => {
    const { MatchingPermission: _, ...rules } = WITH_QUEUE
    const { put, failed, lines } = await lab(
      JSON.parse(JSON.stringify(rules).replace(ARN, `${ARN}s`)) as JsonObject,
    )
    put([entry({ EventBusName: 'Ours' })])
    expect(failed()).toEqual([])
    expect(lines).toEqual([expect.stringContaining('is not authorized to perform: sqs:SendMessage')])
  })

  test('waits for a busy function without spending its retries', async () => {
    const { put, got, pending } = await lab(RULES, [BUSY, FAILED, BUSY, FAILED, OK])
    put([entry({ EventBusName: 'Ours' })])
    await until(() => pending() === 0 || undefined)
    expect(got).toHaveLength(5)
  })

  test('waits for the delay of its pace, which gets the number of failures or of throttles in a row', async () => {
    const asked: string[] = []
    const wait = (what: string) => (count: number) => {
      asked.push(`${what} ${count}`)
      return 1
    }
    const pace = { afterFailure: wait('failed'), afterThrottle: wait('throttled') }
    const outcomes = [BUSY, BUSY, FAILED, BUSY, FAILED, OK]
    const { put, pending } = await lab(RULES, outcomes, undefined, { pace })
    put([entry({ EventBusName: 'Ours' })])
    await until(() => pending() === 0 || undefined)
    expect(asked).toEqual(['throttled 1', 'throttled 2', 'failed 1', 'throttled 1', 'failed 2'])
  })

  test('may arrive twice, and after a later event', async () => {
    const delays = [60, 60, 0, 0]
    const faults: Faults = {
      ...NO_FAULTS,
      strikes: (fault) => fault === 'event-twice',
      delay: () => delays.shift() ?? 0,
    }
    const { put, got, pending } = await lab(RULES, [], undefined, { faults })
    put([entry({ EventBusName: 'Ours', Detail: '{"a":"first"}' })])
    put([entry({ EventBusName: 'Ours', Detail: '{"a":"second"}' })])
    await until(() => pending() === 0 || undefined)
    expect(got.map(({ detail }) => (detail as JsonObject).a)).toEqual(['second', 'second', 'first', 'first'])
  })

  test('for a function without a permission is lost, and the log reports it', async () => {
    const { MatchingPermission: _, ...rules } = RULES
    const { put, pending, lines } = await lab(rules)
    put([entry({ EventBusName: 'Ours' })])
    expect(pending()).toBe(0)
    expect(lines).toEqual([expect.stringContaining('no permission')])
  })

  test('that is malformed, too large, or not allowed is refused', async () => {
    const { put } = await lab(RULES)
    expect(put([entry({ Detail: '[]' }), entry()])).toMatchObject({
      FailedEntryCount: 1,
      Entries: [{ ErrorCode: 'MalformedDetail' }, { EventId: expect.any(String) }],
    })
    expect(() => put([entry({ Detail: JSON.stringify('x'.repeat(256 * 1024)) })])).toThrow(/over the limit/)
    expect(() => put(Array(11).fill(entry()))).toThrow(/1 to 10/)
    expect(() => put([entry({ EventBusName: 'Closed' })])).toThrow(/not authorized/)
  })
})

test('a schedule of a minute fires shortly after the start, and a schedule of an hour does not', async () => {
  const seldom = rule('Seldom', { ScheduleExpression: 'rate(1 hour)' }, 'Fn')
  const scheduled = rule('Every', { ScheduleExpression: 'rate(1 minute)' }, 'Fn')
  const { events, got } = await lab(plain({ ...seldom, ...scheduled }))
  events.startSchedules()
  await until(() => got.length > 0 || undefined)
  events.stop()
  expect(got).toMatchObject([{ source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} }])
})

test('an unsupported rule is an error at load', async () => {
  const odd = (properties: JsonObject) => lab(plain({ ...rule('Odd', properties, 'Fn') }))
  await expect(odd({ ScheduleExpression: 'cron(0 0 * * ? *)' })).rejects.toThrow(/cron/)
  await expect(odd({ EventPattern: { source: [{ regex: 'x' }] } })).rejects.toThrow(
    /^Odd\.EventPattern\.source: there is no operator regex/,
  )
})

test('an unreadable file of an event is skipped, and the others are delivered', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'events'))
  writeFileSync(join(folder, 'events', '1.json'), '{"torn')
  writeFileSync(
    join(folder, 'events', '2.json'),
    JSON.stringify({ fn: 'Fn', event: { a: 1 }, since: Date.now(), failures: 0 }),
  )
  const got: unknown[] = []
  const fn = {
    name: 'Fn',
    retries: 2,
    maxAge: 60_000,
    invoke: async (event: unknown) => {
      got.push(event)
      return OK
    },
  }
  const functions = { find: () => fn as unknown as Fn, stop: async () => {} }
  const queues = { send: () => {} }
  createDeliveries({
    ...{ dir: join(folder, 'events'), functions, queues },
    ...{ now: Date.now, log: () => {} },
  }).recover()
  await until(() => got.length > 0 || undefined)
  expect(got).toEqual([{ a: 1 }])
  expect(readFileSync(join(folder, 'events', '1.json'), 'utf8')).toBe('{"torn')
})
