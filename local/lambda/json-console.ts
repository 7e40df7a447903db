// Writes a function's console in Lambda's JSON log format: one entry per line, with a logged object kept as an object.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html

import { formatWithOptions } from 'node:util'

const LEVELS = { trace: 'TRACE', debug: 'DEBUG', info: 'INFO', log: 'INFO', warn: 'WARN', error: 'ERROR' }
type Method = keyof typeof LEVELS

/** Replaces the methods of `console`. `requestId`: returns the id of the current invocation. */
export function writeJson(
  console: Pick<Console, Method>,
  write: (line: string) => void,
  requestId: () => string | undefined,
): void {
  for (const method of Object.keys(LEVELS) as Method[])
    console[method] = (...args: unknown[]) => {
      const entry = {
        timestamp: new Date().toISOString(),
        level: LEVELS[method],
        requestId: requestId(),
        message: messageOf(args),
      }
      write(`${JSON.stringify(entry)}\n`)
    }
}

function messageOf(args: readonly unknown[]): unknown {
  const [only] = args
  const isOne = args.length === 1 && typeof only === 'object' && only !== null && !(only instanceof Error)
  return isOne ? only : formatWithOptions({ colors: false }, ...args)
}
