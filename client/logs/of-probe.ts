// Collects all log lines of one probe: lines that name it, and the other lines of its builds and invocations.

import { isProbeError } from '../../lib/model/errors.ts'
import { keyOfName, parse } from '../../lib/names/grammar.ts'
import { type LogLine, requestIn, saidIn } from './line.ts'

/** Returns all lines that contain at least one of the texts; it may return more. */
export type ReadLines = (texts: readonly string[]) => Promise<readonly LogLine[]>

/** Oldest first. */
export async function linesOfProbe(read: ReadLines, key: string): Promise<readonly LogLine[]> {
  const own = (await read([searchedFor(key)])).filter((line) => names(line, key))
  const claims = new Set(own.flatMap((line) => claimIn(line) ?? []))
  const requests = new Set(own.flatMap((line) => requestIn(line) ?? []))
  const isNear = (line: LogLine): boolean =>
    claims.has(claimIn(line) ?? '') || (requests.has(requestIn(line) ?? '') && !namesAnother(line, key))
  const near = own.length === 0 ? [] : (await read([...claims, ...requests])).filter(isNear)
  return onceEach([...own, ...near]).sort((a, b) => a.time - b.time)
}

/** The longest part of the key that a line contains, however a client spelled the name. */
const searchedFor = (key: string): string =>
  key.split(/[^A-Za-z0-9.-]+/).reduce((longest, part) => (part.length > longest.length ? part : longest))

/** True if the line contains the probe's key, its key under an alias, or a path that a client requested. */
function names(line: LogLine, key: string): boolean {
  const said = saidIn(line)
  return Object.values(said).includes(key) || keyOfPath(said.path) === key
}

/** True if the line names another probe: one invocation, such as the sweep, may handle many probes. */
function namesAnother(line: LogLine, key: string): boolean {
  const { key: named } = saidIn(line)
  return typeof named === 'string' && named !== key
}

function claimIn(line: LogLine): string | undefined {
  const { claim } = saidIn(line)
  // Only ids in the registry's own format are searched for.
  return typeof claim === 'string' && /^[\w-]{8,64}$/.test(claim) ? claim : undefined
}

function keyOfPath(path: unknown): string | undefined {
  if (typeof path !== 'string') return undefined
  try {
    return keyOfName(parse(path))
  } catch (error) {
    if (isProbeError(error)) return undefined
    throw error
  }
}

const onceEach = (lines: readonly LogLine[]): LogLine[] => [
  ...new Map(lines.map((line) => [`${line.from} ${line.time} ${line.text}`, line])).values(),
]
