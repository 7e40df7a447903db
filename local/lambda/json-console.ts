// A function's console as Lambda writes it in the log format JSON: one entry a line, an object as it is.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html

import { formatWithOptions } from 'node:util'

const LEVELS = {
  ...{ trace: 'TRACE', debug: 'DEBUG', info: 'INFO', log: 'INFO', warn: 'WARN', error: 'ERROR' },
} as const
type Method = keyof typeof LEVELS

/** Takes the place of the methods of `console`. `requestId`: of the invocation that writes. */
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
