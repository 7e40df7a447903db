// What the functions of a strict registry had of memory, by their logs.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Report {
  readonly type?: string
  readonly record?: { readonly metrics: { readonly memorySizeMB: number; readonly maxMemoryUsedMB: number } }
}

/** Of each function that ran: the most that an environment of it has used, of how much, in megabytes. */
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

/** The lines that say of an environment that it wanted more than its function has. */
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
