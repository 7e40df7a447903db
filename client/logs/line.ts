// One line of a function's log: an entry as Lambda writes it, whoever has kept it.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html

export interface LogLine {
  /** milliseconds since the epoch */
  readonly time: number
  /** e.g. `Plan` */
  readonly from: string
  /** as it was written */
  readonly text: string
  /** what it says: an object where it is one */
  readonly entry: unknown
}

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `kept`: when whoever keeps it has got it, where the entry says no time itself. */
export function lineOf(from: string, text: string, kept: number): LogLine {
  const entry = jsonOf(text)
  return { from, text, entry: entry ?? text, time: timeOf(entry) ?? kept }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Lambda's own lines call it `time`. */
function timeOf(entry: unknown): number | undefined {
  if (!isFields(entry)) return undefined
  const time = Date.parse(String(entry.timestamp ?? entry.time))
  return Number.isNaN(time) ? undefined : time
}

/** What the function has said, field by field; none of a line that is text. */
export function saidIn({ entry }: LogLine): Fields {
  if (!isFields(entry)) return {}
  return isFields(entry.message) ? entry.message : {}
}

/** Of the invocation that wrote it. */
export function requestIn({ entry }: LogLine): string | undefined {
  if (!isFields(entry)) return undefined
  const { requestId = isFields(entry.record) ? entry.record.requestId : undefined } = entry
  return typeof requestId === 'string' ? requestId : undefined
}

/** How grave it is, where it says so: `INFO`, `ERROR`, ... */
export const levelIn = ({ entry }: LogLine): string =>
  isFields(entry) && typeof entry.level === 'string' ? entry.level : ''
