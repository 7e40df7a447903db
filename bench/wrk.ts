// Parses the output of one wrk run.

export interface Load {
  /** per second */
  readonly requests: number
  /** per second */
  readonly bytes: number
  /** milliseconds */
  readonly p50: number
  readonly p99: number
}

const BYTES = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 } as const
const MILLISECONDS = { us: 0.001, ms: 1, s: 1000, m: 60_000 } as const

/**
 * Parses the output of `wrk --latency`.
 * @throws {Error} if a response was an error or there was no response
 */
export function readLoad(text: string): Load {
  const failed = /^.*(?:Non-2xx|Socket errors|unable to connect).*$/m.exec(text)
  if (failed !== null) throw new Error(`wrk says: ${failed[0].trim()}`)
  const [, requests] = /^Requests\/sec: +([\d.]+)$/m.exec(text) ?? []
  if (requests === undefined) throw new Error(`wrk has measured nothing: ${text}`)
  return {
    requests: Number(requests),
    bytes: quantity(text, /^Transfer\/sec: +([\d.]+)([A-Z]+)$/m, BYTES),
    p50: quantity(text, /^ +50% +([\d.]+)([a-z]+)$/m, MILLISECONDS),
    p99: quantity(text, /^ +99% +([\d.]+)([a-z]+)$/m, MILLISECONDS),
  }
}

function quantity(text: string, line: RegExp, units: Readonly<Record<string, number>>): number {
  const [, value, unit = ''] = line.exec(text) ?? []
  return Number(value) * (units[unit] ?? Number.NaN)
}
