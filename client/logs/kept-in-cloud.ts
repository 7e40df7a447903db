// The logs of a deployed registry: a group for each function, found by the name of the stack.

import type { Logs } from '../../lib/aws/logs.ts'
import { type LogLine, lineOf } from './line.ts'
import type { ReadLines } from './of-probe.ts'

/** Error, for a person, where the stack has none. */
export async function readInCloud(logs: Logs, stack: string, since: number): Promise<ReadLines> {
  const groups = await logs.groups(`${stack}-`)
  if (groups.length === 0)
    throw new Error(`no logs of a stack ${stack} in this region: is it deployed here, and called so?`)
  return async (texts) => {
    const lines: LogLine[] = []
    // One after the other: the service lets few requests in.
    for (const group of groups)
      for (const { message, timestamp } of await logs.events(group, since, texts))
        lines.push(lineOf(functionOf(group, stack), message.trimEnd(), timestamp))
    return lines
  }
}

/** Of `ProbeRegistry-PlanLog0A1B2C3D-aBcDeFgHiJkL`, as CloudFormation calls it by its name in the template: `Plan`. */
const functionOf = (group: string, stack: string): string =>
  group.slice(stack.length + 1).replace(/Log[0-9A-F]{8}-\w+$/, '')
