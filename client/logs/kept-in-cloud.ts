// Reads the logs of a deployed registry. Each function has a log group, which contains the name of the stack.

import type { Logs } from '../../lib/aws/logs.ts'
import { type LogLine, lineOf } from './line.ts'
import type { ReadLines } from './of-probe.ts'

/** @throws {Error} with a readable message if the stack has no log groups */
export async function readInCloud(logs: Logs, stack: string, since: number): Promise<ReadLines> {
  const groups = await logs.groups(`${stack}-`)
  if (groups.length === 0)
    throw new Error(`no logs of a stack ${stack} in this region: is it deployed here, and called so?`)
  return async (texts) => {
    const lines: LogLine[] = []
    // Sequential, because the service limits the request rate.
    for (const group of groups)
      for (const { message, timestamp } of await logs.events(group, since, texts))
        lines.push(lineOf(functionOf(group, stack), message.trimEnd(), timestamp))
    return lines
  }
}

/**
 * The template's name `Plan`, from a group name of CloudFormation such as
 * `ProbeRegistry-PlanLog0A1B2C3D-aBcDeFgHiJkL`.
 */
const functionOf = (group: string, stack: string): string =>
  group.slice(stack.length + 1).replace(/Log[0-9A-F]{8}-\w+$/, '')
