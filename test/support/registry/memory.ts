// Reads the memory use of a strict registry's functions from their logs.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Report {
  readonly type?: string
  readonly record?: { readonly metrics: { readonly memorySizeMB: number; readonly maxMemoryUsedMB: number } }
}

/** For each function that ran: the maximum use of one environment, and its limit, in megabytes. */
export function memoryOf(
  dataDir: string,
): ReadonlyMap<string, { readonly used: number; readonly of: number }> {
  const most = new Map<string, { used: number; of: number }>()
  for (const [name, line] of linesIn(dataDir)) {
    if (!line.includes('"platform.report"')) continue
    const { memorySizeMB: of, maxMemoryUsedMB: used } = (JSON.parse(line) as Report).record!.metrics
    most.set(name, { of, used: Math.max(used, most.get(name)?.used ?? 0) })
  }
  return most
}

/** The log lines of environments that needed more memory than their function has. */
export const overruns = (dataDir: string): string[] =>
  linesIn(dataDir).flatMap(([name, line]) =>
    /Runtime exited with error: signal: (killed|aborted)/.test(line) ? [`${name}: ${line}`] : [],
  )

function linesIn(dataDir: string): [name: string, line: string][] {
  const folder = join(dataDir, 'logs')
  return readdirSync(folder).flatMap((file) =>
    readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line): [string, string] => [file.replace(/^ProbeRegistry-|[0-9A-F]{8}\.log(\.1)?$/g, ''), line]),
  )
}
