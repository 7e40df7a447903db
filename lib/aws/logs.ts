// Searches the functions' logs in CloudWatch Logs.

import * as z from 'zod'
import { parseOwn, type Read } from '../model/parse.ts'
import type { Call } from './json-api.ts'

export interface Logs {
  /** Names of the log groups that begin with `prefix`. */
  groups(prefix: string): Promise<readonly string[]>
  /** Events of a group that contain at least one of the texts verbatim. `since`: the earliest, in milliseconds since the epoch. */
  events(group: string, since: number, texts: readonly string[]): Promise<readonly LogEvent[]>
}

const nextToken = z.string().nullish()
const groupsPage = z.object({
  logGroups: z.array(z.object({ logGroupName: z.string() })).default([]),
  nextToken,
})
/** `timestamp`: milliseconds since the epoch. `message`: one line. */
const logEvent = z.object({ timestamp: z.number(), message: z.string() })
const eventsPage = z.object({ events: z.array(logEvent).default([]), nextToken })
type LogEvent = Read<typeof logEvent>

/** Texts in one request, because a pattern has at most 1,024 characters. */
const TEXTS = 20

/**
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function createLogs(call: Call): Logs {
  return {
    async groups(logGroupNamePrefix) {
      const pages = await pagesOf(call, 'DescribeLogGroups', { logGroupNamePrefix }, groupsPage)
      return pages.flatMap(({ logGroups }) => logGroups.map(({ logGroupName }) => logGroupName))
    },
    async events(logGroupName, startTime, texts) {
      const found: LogEvent[] = []
      const patterns = texts.map(anyOf)
      for (let from = 0; from < texts.length; from += TEXTS) {
        const filterPattern = patterns.slice(from, from + TEXTS).join(' ')
        const input = { logGroupName, startTime, filterPattern }
        const pages = await pagesOf(call, 'FilterLogEvents', input, eventsPage)
        found.push(...pages.flatMap(({ events }) => events))
      }
      return found
    },
  }
}

/** Refuses other characters, because they may have a special meaning in a pattern. */
function anyOf(text: string): string {
  if (/^[\w.+~/-]+$/.test(text)) return `?"${text}"`
  throw new Error(`${JSON.stringify(text)} is nothing that logs are searched for`)
}

async function pagesOf<Page extends { readonly nextToken?: string | null | undefined }>(
  call: Call,
  operation: string,
  input: object,
  schema: z.ZodType<Page>,
): Promise<Page[]> {
  const pages: Page[] = []
  let nextToken: string | undefined
  do {
    const answer = await call(operation, { ...input, nextToken })
    const page = parseOwn(schema, answer, operation, 'AWS has never answered so')
    pages.push(page)
    nextToken = page.nextToken ?? undefined
  } while (nextToken !== undefined)
  return pages
}
