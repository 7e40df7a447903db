// All lines of one probe: those that name it, and what else their builds and their invocations have said.

import { isProbeError } from '../../lib/model/errors.ts'
import { keyOfName, parse } from '../../lib/names/grammar.ts'
import { type LogLine, requestIn, saidIn } from './line.ts'

/** Lines that hold at least one of the texts, and more of them if it likes. */
export type ReadLines = (texts: readonly string[]) => Promise<readonly LogLine[]>

/** In the order of time. */
export async function linesOfProbe(read: ReadLines, key: string): Promise<readonly LogLine[]> {
  const own = (await read([searchedFor(key)])).filter((line) => names(line, key))
  const claims = new Set(own.flatMap((line) => claimIn(line) ?? []))
  const requests = new Set(own.flatMap((line) => requestIn(line) ?? []))
  const isNear = (line: LogLine): boolean =>
    claims.has(claimIn(line) ?? '') || (requests.has(requestIn(line) ?? '') && !namesAnother(line, key))
  const near = own.length === 0 ? [] : (await read([...claims, ...requests])).filter(isNear)
  return onceEach([...own, ...near]).sort((a, b) => a.time - b.time)
}

/** The longest part of a key that stands in a line however a client has written the name. */
const searchedFor = (key: string): string =>
  key.split(/[^A-Za-z0-9.-]+/).reduce((longest, part) => (part.length > longest.length ? part : longest))

/** By its key, as the other one of an alias, or by a path that a client asked for. */
function names(line: LogLine, key: string): boolean {
  const said = saidIn(line)
  return Object.values(said).includes(key) || keyOfPath(said.path) === key
}

/** One invocation may look at many probes, as the sweep does. */
function namesAnother(line: LogLine, key: string): boolean {
  const { key: named } = saidIn(line)
  return typeof named === 'string' && named !== key
}

function claimIn(line: LogLine): string | undefined {
  const { claim } = saidIn(line)
  // As the registry makes them: nothing else is searched for.
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
