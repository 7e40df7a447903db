// Formats the known failures for the documentation.

import { KNOWN_FAILURES, type KnownFailure } from '../lib/model/known-failures.ts'
import { formatSeries } from '../lib/model/series.ts'

/** Markdown table: one row per failure, with the registry's answer. */
export function knownTable(): string {
  const rows = KNOWN_FAILURES.map((row) => {
    const { kinds, why, instead } = row
    return `| ${[driversOf(row), kinds.join(', '), kernelsOf(row), why, instead].join(' | ')} |`
  })
  return [
    '| driver versions | kind | kernels | why | what to do |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

const driversOf = ({ drivers: [first, last] }: KnownFailure): string =>
  last === undefined
    ? `\`${first}\` and newer`
    : first === last
      ? `\`${first}\``
      : `\`${first}\` to \`${last}\``

function kernelsOf({ from, to }: KnownFailure): string {
  if (to === undefined) return `from ${formatSeries(from)} on`
  return `${formatSeries(from)} to ${formatSeries(to)}`
}
