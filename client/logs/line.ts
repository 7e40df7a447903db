// Parses one line of a function's log in Lambda's JSON format, from any log storage.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html

export interface LogLine {
  /** milliseconds since the epoch */
  readonly time: number
  /** name of the function, e.g. `Plan` */
  readonly from: string
  /** the unchanged line */
  readonly text: string
  /** the parsed line, if it is a JSON object */
  readonly entry: unknown
}

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `kept`: when the log storage received the line; used if the entry has no time */
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

/** Fields that the function logged; empty for a plain text line. */
export function saidIn({ entry }: LogLine): Fields {
  if (!isFields(entry)) return {}
  return isFields(entry.message) ? entry.message : {}
}

/** Id of the invocation that wrote the line. */
export function requestIn({ entry }: LogLine): string | undefined {
  if (!isFields(entry)) return undefined
  const { requestId = isFields(entry.record) ? entry.record.requestId : undefined } = entry
  return typeof requestId === 'string' ? requestId : undefined
}

/** Log level, if the entry has one: `INFO`, `ERROR`, ... */
export const levelIn = ({ entry }: LogLine): string =>
  isFields(entry) && typeof entry.level === 'string' ? entry.level : ''
