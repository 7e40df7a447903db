#!/usr/bin/env node
// `npx probe-name <url>...`: explains names of probes; exit 1 when one of them is none.

import { namesDocument } from '../lib/names/document.ts'
import { type Explanation, explain } from '../lib/names/explain.ts'

const USAGE = `Usage: probe-name URL...        explain the names of probes
       probe-name --document    write the page of documentation
`

const line = (what: string, value: string): string => `  ${`${what}:`.padEnd(16)} ${value}`

function lines(said: Explanation): string[] {
  switch (said.tag) {
    case 'malformed':
      return [line('wrong', said.why)]
    case 'config-hash':
      return [...layoutLines(said), ...partLines(said.parts), line('clients', said.clients.join('; '))]
    case 'probe':
      return [
        ...layoutLines(said),
        ...partLines(said.parts),
        line('canonical', said.canonical),
        line('clients', said.clients.join('; ') || 'none'),
        ...(said.unreachable === undefined ? [] : [line('unreachable', said.unreachable)]),
        ...said.notes.map((note) => line('note', note)),
      ]
  }
}

const layoutLines = (said: Exclude<Explanation, { tag: 'malformed' }>): string[] => [
  line('layout', `${said.layout}, ${said.years}`),
  line('written as', said.template),
  ...(said.companion === undefined ? [] : [line('companion', said.companion)]),
]

const partLines = (parts: object): string[] =>
  Object.entries(parts).map(([part, value]) => line(part, `${value}` || '(empty)'))

const printable = (text: string): string => JSON.stringify(text).replace(/[^\x20-\x7e]/g, '?')

function main(args: readonly string[]): number {
  if (args.length === 1 && args[0] === '--document') {
    process.stdout.write(namesDocument())
    return 0
  }
  if (args.length === 0 || args.some((arg) => arg.startsWith('-'))) {
    process.stderr.write(USAGE)
    return 2
  }
  const said = args.map((url) => ({ url, explanation: explain(url) }))
  for (const { url, explanation } of said) console.log([printable(url), ...lines(explanation)].join('\n'))
  return said.some(({ explanation }) => explanation.tag === 'malformed') ? 1 : 0
}

process.exitCode = main(process.argv.slice(2))
