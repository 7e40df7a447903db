// Formats log lines for readers and for programs, without characters that a terminal could interpret.

import { type LogLine, levelIn, saidIn } from './line.ts'

/** Escapes all but printable ASCII in JSON's own form, so JSON stays valid. */
const escaped = (text: string): string =>
  text.replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** `2026-11-27T23:00:00.000Z Plan     build started {"key":...}` */
export function personsLine(line: LogLine): string {
  const head = `${new Date(line.time).toISOString()} ${line.from.padEnd(8)}`
  const level = ['', 'INFO'].includes(levelIn(line)) ? '' : `${levelIn(line)} `
  const { event, ...fields } = saidIn(line)
  return escaped(`${head} ${level}${event === undefined ? line.text : `${event} ${JSON.stringify(fields)}`}`)
}

/** One JSON object per line. */
export const programsLine = ({ time, from, entry }: LogLine): string =>
  escaped(JSON.stringify({ time: new Date(time).toISOString(), function: from, entry }))
