// `probe-registry logs`: prints all log lines of the functions about one probe, oldest first.

import { LOGS } from '../../lib/aws/json-api.ts'
import { createLogs } from '../../lib/aws/logs.ts'
import { readLine, UsageError } from '../command-line.ts'
import { readHere } from '../logs/kept-here.ts'
import { readInCloud } from '../logs/kept-in-cloud.ts'
import { linesOfProbe, type ReadLines } from '../logs/of-probe.ts'
import { personsLine, programsLine } from '../logs/print.ts'
import { asOperator, DATA, operatorsCall, printable } from '../operator.ts'
import { keyOf } from '../probe-key.ts'

const USAGE = `Usage: probe-registry logs [WHERE] [--since TIME] [--json] PROBE

Prints all log lines about PROBE from all functions, sorted by time: lines that name it, and the other lines of its builds and
of the invocations that handled it. PROBE is its URL, the URL's path, or its key.
  --data DIR      a registry on this machine, by its data folder, even if it does not run (default: .data)
  --stack NAME    a deployed stack, e.g. ProbeRegistry, with your AWS credentials and region; they need
                  logs:DescribeLogGroups and logs:FilterLogEvents
  --since TIME    only newer lines: 90m, 12h or 3d ago, or a date such as 2026-11-27T20:00Z (default: 1d)
  --json          print one JSON object for each line
Text from clients is printed with all but plain ASCII characters as \\uXXXX.
Exit status: 0 done; 1 no such line; 2 the command line is wrong, or the logs cannot be reached.
`

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const OPTIONS = { data: text, stack: text, since: text, json: flag, help: flag } as const

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds since the epoch. @throws {UsageError} */
function timeOf(since: string): number {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(since) ?? []
  if (count !== undefined) return Date.now() - Number(count) * UNITS[unit as keyof typeof UNITS]
  const date = /^\d{4}-\d\d-\d\d/.test(since) ? Date.parse(since) : Number.NaN
  if (Number.isNaN(date))
    throw new UsageError(`${JSON.stringify(since)} is not a time: write 90m, 12h, 3d or a date`)
  return date
}

/** Maximum milliseconds of one query of a log group. */
const TRY_MS = 30_000

async function reader(
  data: string | undefined,
  stack: string | undefined,
  since: number,
): Promise<ReadLines> {
  if (stack === undefined) return readHere(data ?? DATA, since)
  if (data !== undefined) throw new UsageError('--data and --stack name two places: give one')
  const { call } = await operatorsCall(LOGS, process.env.AWS_ENDPOINT_URL_CLOUDWATCH_LOGS, {}, TRY_MS)
  return readInCloud(createLogs(call), stack, since)
}

await asOperator('logs', USAGE, async () => {
  const { values, positionals } = readLine(process.argv.slice(2), OPTIONS)
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  const [probe, ...more] = positionals
  if (probe === undefined || more.length > 0) throw new UsageError('it takes one PROBE')
  const key = keyOf(probe)
  const since = timeOf(values.since ?? '1d')
  const lines = await linesOfProbe(await reader(values.data, values.stack, since), key)
  for (const line of lines) console.log(values.json === true ? programsLine(line) : personsLine(line))
  if (lines.length > 0) return 0
  console.error(printable(`no line of ${key} since ${new Date(since).toISOString()}`))
  return 1
})
