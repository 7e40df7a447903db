// EventBridge: buses, rules with patterns or schedules, and functions as targets.

import { randomUUID } from 'node:crypto'
import type { Deliveries } from '../lambda/deliveries.ts'
import { sentOrLost } from '../lambda/destination.ts'
import type { Fn, Functions } from '../lambda/lambda.ts'
import type { Room } from '../room.ts'
import type { Message } from '../sqs/queue.ts'
import type { Template } from '../template/template.ts'
import { AwsError, authorize, type Operations } from '../wire/aws-json.ts'
import { isObject, type Json, type JsonObject, list, object } from '../wire/json.ts'
import { ACCOUNT, type Clock, type Principal, REGION } from '../wire/types.ts'
import { busName, DEFAULT_BUS, type Rule, type Target, toRule } from './rules.ts'

export interface Events {
  readonly operations: Operations
  /** Sends an event of AWS itself on the default bus. `fields`: all that are its own. It is durable when the call returns. */
  emit(fields: Readonly<Record<'detail-type' | 'source' | 'resources' | 'detail', Json>>): void
  /** Fires each schedule shortly after the start (rates from an hour: a twelfth of the rate later), and then at its rate. */
  startSchedules(): void
  stop(): void
}

export interface EventsOptions {
  readonly template: Template
  readonly functions: Functions
  readonly deliveries: Deliveries
  /** Sends a rule's dead letter to the queue. Throws if the queue refuses it. */
  readonly toQueue: (queueArn: string, message: Message, ruleArn: string) => void
  readonly now: Clock
  readonly log: (line: string) => void
  /** returns why events cannot be stored now; then events on the template's own buses are refused */
  readonly lacks?: Room['lacks']
  /** called for each event on a bus of the template */
  readonly onEvent?: (type: string, detail: Json) => void
}

const MAX_ENTRY = 256 * 1024
const MAX_ENTRIES = 10
/** Short, so that a killed stack recovers at once and not only after the schedule's rate. */
const FIRST_FIRE_MS = 500
const HOUR_MS = 3_600_000
/** Rare schedules repair nothing at a start and would slow it down. So an hourly one fires first after five minutes. */
const firstFireMs = (everyMs: number): number => (everyMs < HOUR_MS ? FIRST_FIRE_MS : everyMs / 12)
const LONGEST_TIMER_MS = 2 ** 31 - 1

export function createEvents(options: EventsOptions): Events {
  const { template, now, log, lacks = () => undefined } = options
  const rules = template
    .ofType('AWS::Events::Rule')
    .filter(({ properties }) => properties.State !== 'DISABLED')
    .map((rule) => toRule(rule, options.functions))
  const buses = new Map(template.ofType('AWS::Events::EventBus').map(({ name, arn }) => [name, arn!]))
  buses.set(DEFAULT_BUS, `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/${DEFAULT_BUS}`)
  const timers: NodeJS.Timeout[] = []

  function fire({ arn, targets }: Rule, event: JsonObject): void {
    for (const target of targets) {
      const { fn, input = event } = target
      if (fn.permits('events.amazonaws.com', arn)) options.deliveries.accept(fn, input)
      else log(`rule ${arn} has no permission to invoke ${fn.name}: ${bury(target, input, arn)}`)
    }
  }
  const bury = ({ fn, deadLetters }: Target, event: JsonObject, ruleArn: string): string =>
    sentOrLost('the event', deadLetters, (queue) =>
      options.toQueue(queue, deadLetter(fn, event, ruleArn), ruleArn),
    )
  /** If the event cannot be written to disk, it is skipped until the schedule fires again. */
  function fireOnTime(rule: Rule): void {
    const fields = {
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      resources: [rule.arn],
      detail: {},
    }
    try {
      fire(rule, envelope(fields))
    } catch (error) {
      log(`a schedule is left out this time: ${String(error)}`)
    }
  }
  /** `text`: the event with the detail as its sender wrote it, to match patterns with. */
  function publish(bus: string, event: JsonObject, text = JSON.stringify(event)): void {
    for (const rule of rules) if (rule.bus === bus && rule.matches?.(text) === true) fire(rule, event)
  }
  const envelope = (fields: JsonObject): JsonObject => ({
    version: '0',
    id: randomUUID(),
    account: ACCOUNT,
    time: new Date(now()).toISOString().replace(/\.\d+/, ''),
    region: REGION,
    resources: [],
    ...fields,
  })

  function put(entry: JsonObject, caller: Principal): JsonObject {
    const bus = busName(entry.EventBusName)
    const arn = buses.get(bus)
    authorize(caller, 'events:PutEvents', arn ?? bus)
    if (arn === undefined) return refused('InvalidArgument', `event bus ${bus} does not exist`)
    const lack = bus === DEFAULT_BUS ? undefined : lacks()
    if (lack !== undefined) return refused('ThrottlingException', lack)
    const { Source, DetailType, Detail } = entry
    if (typeof Source !== 'string' || typeof DetailType !== 'string' || typeof Detail !== 'string')
      return refused('InvalidArgument', 'Source, DetailType and Detail are required')
    const detail = parseDetail(Detail)
    if (detail === undefined) return refused('MalformedDetail', 'Detail is malformed.')
    const fields = envelope({ 'detail-type': DetailType, source: Source })
    const event = { ...fields, detail }
    try {
      publish(bus, event, `${JSON.stringify(fields).slice(0, -1)},"detail":${Detail}}`)
    } catch (error) {
      return refused('InternalFailure', lacks(true) ?? String(error))
    }
    options.onEvent?.(DetailType, detail)
    return { EventId: fields.id as string }
  }
  return {
    operations: { PutEvents: (input, caller) => putEvents(input, (entry) => put(entry, caller)) },
    emit: (fields) => publish(DEFAULT_BUS, envelope(fields)),
    startSchedules: () => {
      for (const rule of rules) {
        const { everyMs } = rule
        if (everyMs === undefined) continue
        timers.push(setTimeout(() => fireOnTime(rule), firstFireMs(everyMs)))
        timers.push(setInterval(() => fireOnTime(rule), Math.min(everyMs, LONGEST_TIMER_MS)))
      }
    },
    stop: () => {
      for (const timer of timers) clearInterval(timer)
    },
  }
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html */
const deadLetter = (fn: Fn, event: JsonObject, ruleArn: string): Message => ({
  body: JSON.stringify(event),
  attributes: {
    RULE_ARN: ruleArn,
    TARGET_ARN: fn.arn,
    ERROR_CODE: 'NO_PERMISSIONS',
    ERROR_MESSAGE: `The rule has no permission to invoke ${fn.name}.`,
  },
})

function putEvents(input: JsonObject, put: (entry: JsonObject) => JsonObject): JsonObject {
  const entries = list(input.Entries ?? [], 'Entries').map((entry) => object(entry, 'Entries'))
  if (entries.length === 0 || entries.length > MAX_ENTRIES)
    throw new AwsError('ValidationException', `1 to ${MAX_ENTRIES} entries are expected`)
  if (entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > MAX_ENTRY)
    throw new AwsError('ValidationException', 'Total size of the entries in the request is over the limit.')
  const results = entries.map(put)
  return {
    FailedEntryCount: results.filter(({ ErrorCode }) => ErrorCode !== undefined).length,
    Entries: results,
  }
}

/** Counts as EventBridge does: the texts, and 14 bytes for a time. */
const sizeOf = ({ Source, DetailType, Detail, Time }: JsonObject): number =>
  [Source, DetailType, Detail].reduce<number>(
    (sum, text) => sum + (typeof text === 'string' ? Buffer.byteLength(text) : 0),
    Time === undefined ? 0 : 14,
  )

const refused = (ErrorCode: string, ErrorMessage: string): JsonObject => ({ ErrorCode, ErrorMessage })

function parseDetail(text: string): JsonObject | undefined {
  try {
    const detail = JSON.parse(text) as Json
    return isObject(detail) ? detail : undefined
  } catch {
    return undefined
  }
}
