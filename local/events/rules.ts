// Parses the template's rules: a bus with a pattern, or a schedule, and the functions that are invoked.

import type { Fn, Functions } from '../lambda/lambda.ts'
import type { Resource } from '../template/template.ts'
import { type Json, type JsonObject, list, object, string } from '../wire/json.ts'
import { compilePattern, type Pattern } from './event-pattern.ts'

export interface Rule {
  readonly arn: string
  readonly bus: string
  readonly matches: Pattern | undefined
  readonly everyMs: number | undefined
  readonly targets: readonly Target[]
}
export interface Target {
  readonly fn: Fn
  /** replaces the event as the function's input */
  readonly input: JsonObject | undefined
  /** ARN of the queue for events that cannot be delivered */
  readonly deadLetters: string | undefined
}

export const DEFAULT_BUS = 'default'

/** The bus may be given by name or by ARN. */
export const busName = (name: Json | undefined): string =>
  typeof name === 'string' ? name.replace(/^arn:aws:events:[^:]*:[^:]*:event-bus\//, '') : DEFAULT_BUS

/** Throws if EventBridge refuses the rule, or if a part of it is unknown here. */
export function toRule({ properties, arn, logicalId }: Resource, functions: Functions): Rule {
  const { EventPattern, ScheduleExpression } = properties
  if ((EventPattern === undefined) === (ScheduleExpression === undefined))
    throw new Error(`${logicalId}: a rule has either an EventPattern or a ScheduleExpression here`)
  return {
    arn: arn!,
    bus: busName(properties.EventBusName),
    matches:
      EventPattern === undefined ? undefined : compilePattern(EventPattern, `${logicalId}.EventPattern`),
    everyMs: ScheduleExpression === undefined ? undefined : rate(string(ScheduleExpression, logicalId)),
    targets: list(properties.Targets ?? [], logicalId).map((target) =>
      toTarget(target, functions, logicalId),
    ),
  }
}

const TARGET_FIELDS = ['Arn', 'DeadLetterConfig', 'Id', 'Input', 'RetryPolicy']

/** Ignores RetryPolicy: it is about EventBridge's call of Lambda, which cannot fail within one process. */
function toTarget(raw: Json, functions: Functions, where: string): Target {
  const target = object(raw, where)
  const unknown = Object.keys(target).filter((field) => !TARGET_FIELDS.includes(field))
  if (unknown.length > 0) throw new Error(`${where}: target property ${unknown.join(', ')} is not known here`)
  const input =
    target.Input === undefined ? undefined : (JSON.parse(string(target.Input, where)) as JsonObject)
  const deadLetters =
    target.DeadLetterConfig === undefined
      ? undefined
      : string(object(target.DeadLetterConfig, where).Arn, `${where}: DeadLetterConfig`)
  return { fn: functions.find(string(target.Arn, where)), input, deadLetters }
}

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }

function rate(expression: string): number {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? []
  if (count === undefined || unit === undefined)
    throw new Error(`schedule ${expression} is not known here: rate(...) is`)
  return Number(count) * UNITS[unit]!
}
