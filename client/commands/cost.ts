// `probe-registry cost`: estimates the cost of a deployed registry from its settings and a dated price list,
// without a network.

import { PRICES } from '../../lib/model/prices.ts'
import { readLine, UsageError } from '../command-line.ts'
import { ASSUMED, type Assumed, build, hits, idleMonth, type Line, type Section } from '../cost/cost.ts'
import { asOperator } from '../operator.ts'
import { settingsIn } from '../settings.ts'

const USAGE = `Usage: probe-registry cost [--settings FILE] [ASSUMED...] [--json]

Estimates the AWS costs of a registry that is deployed with the settings in FILE (without it: the defaults): for a million
hits, for a build, and for a month without requests, each with its items. The command asks nobody: it has a price list of one
date and region (${PRICES.date}, ${PRICES.region}), without free tiers and taxes. ASSUMED are numbers that it cannot know:
  --hit-milliseconds N   that Lambda bills for a hit (${ASSUMED.hitMilliseconds})
  --build-seconds N      duration of a build (${ASSUMED.buildSeconds})
  --probe-megabytes N    size of a probe (${ASSUMED.probeMegabytes})
Exit status: 0 done; 2 the command line is wrong.
`

const text = { type: 'string' } as const
const OPTIONS = {
  settings: text,
  'hit-milliseconds': text,
  'build-seconds': text,
  'probe-megabytes': text,
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

/** @throws {UsageError} for a number that is not above zero */
function numberOf(value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise
  if (/^\d{1,9}(\.\d{1,9})?$/.test(value) && Number(value) > 0) return Number(value)
  throw new UsageError(`${JSON.stringify(value)} is not a number above zero`)
}

const dollars = (value: number): string => `$${value.toFixed(value < 0.1 ? 5 : 2)}`

const row = (indent: string, { what, dollars: value }: Line, mark = ''): string =>
  `${`${indent}${what}`.padEnd(100)}${dollars(value).padStart(10)}${mark}`

const sumOf = ({ lines }: Section): number => lines.reduce((sum, line) => sum + line.dollars, 0)

const printed = (section: Section): string[] => [
  row('', { what: section.title, dollars: sumOf(section) }),
  ...section.lines.map((line) => row('  ', line)),
  ...section.apart.map((line) => row('  + ', line, ' apart')),
  '',
]

await asOperator('cost', USAGE, async () => {
  const { values, positionals } = readLine(process.argv.slice(2), OPTIONS)
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  if (positionals.length > 0) throw new UsageError('it takes options only')
  const assumed: Assumed = {
    hitMilliseconds: numberOf(values['hit-milliseconds'], ASSUMED.hitMilliseconds),
    buildSeconds: numberOf(values['build-seconds'], ASSUMED.buildSeconds),
    probeMegabytes: numberOf(values['probe-megabytes'], ASSUMED.probeMegabytes),
  }
  const settings = settingsIn(values.settings)
  const sections = [hits(settings, assumed), build(settings, assumed), idleMonth(settings)]
  const { date, region, sources } = PRICES
  if (values.json === true) {
    const told = sections.map((section) => ({ ...section, dollars: sumOf(section) }))
    console.log(JSON.stringify({ prices: { date, region, sources }, assumed, sections: told }, undefined, 2))
    return 0
  }
  console.log(sections.flatMap(printed).join('\n'))
  console.log(`Prices of ${date} in ${region}, in dollars, on demand, without free tiers and taxes.`)
  console.log(`They differ by region and they change: check them before you decide.\n${sources.join('\n')}`)
  return 0
})
