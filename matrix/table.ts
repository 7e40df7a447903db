// Formats the results of the matrix: one line per cell, and one table per kind.

import { compareDrivers } from '../lib/model/driver-numbers.ts'
import { unreachable } from '../lib/model/errors.ts'
import { KINDS, type Kind } from '../lib/model/probe.ts'
import type { Cell, Outcome, Seen } from './cells.ts'

/** One line with the result of a cell. */
export function tell({ driverVersion, kernel, kind }: Cell, seen: Seen | undefined): string {
  const what = `${kind.padEnd(4)} ${driverVersion} for ${kernel.release}`
  if (seen === undefined) return `${what}: came to no end`
  const by = seen.compiler === undefined ? '' : ` by ${seen.compiler}`
  return `${what}${by}: ${words(seen.outcome)}`
}

function words(outcome: Outcome): string {
  switch (outcome.result) {
    case 'loaded':
      return outcome.events === undefined ? 'loaded' : `loaded, ${outcome.events} events`
    case 'built':
      return 'built'
    case 'not-loaded':
      return `built, not loaded: ${outcome.error}`
    case 'failed':
      return outcome.error
    default:
      return unreachable(outcome)
  }
}

/**
 * Markdown: a table per kind, with driver versions as rows and series as columns, and the numbered errors.
 */
export function tableOf(results: readonly Seen[]): string {
  const errors = [...new Set(results.flatMap(errorOf))]
  const tables = KINDS.filter((kind) => results.some((one) => one.kind === kind)).map((kind) =>
    tableOfKind(
      kind,
      results.filter((one) => one.kind === kind),
      errors,
    ),
  )
  const list = errors.map((error, i) => `${i + 1}. \`${error.replaceAll('`', "'")}\``)
  return [...tables, ...(list.length === 0 ? [] : [`${list.join('\n')}\n`])].join('\n')
}

const errorOf = ({ outcome }: Seen): string[] => ('error' in outcome ? [placeless(outcome.error)] : [])

/** Removes line numbers and folders, so that two driver versions with the same error share its number. */
const placeless = (error: string): string => error.replace(/^(?:\S*\/)?([^\s/:]+)(?::\d+)+: /, '$1: ')

function tableOfKind(kind: Kind, results: readonly Seen[], errors: readonly string[]): string {
  const series = [...new Set(results.map((one) => one.series))].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  )
  const versions = [...new Set(results.map((one) => one.driverVersion))].sort(compareDrivers)
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const cell = (driverVersion: string, of: string): string => {
    const found = results.find((one) => one.driverVersion === driverVersion && one.series === of)
    return found === undefined ? '-' : mark(found.outcome, errors)
  }
  return [
    `### ${kind}\n`,
    row(['driver version', ...series.map((of) => headOf(of, results))]),
    row(['---', ...series.map(() => '---')]),
    ...versions.map((version) => row([`\`${version}\``, ...series.map((of) => cell(version, of))])),
    '',
  ].join('\n')
}

/** Column title: a series, with the kernels and compilers that were tried. */
function headOf(series: string, results: readonly Seen[]): string {
  const own = results.filter((one) => one.series === series)
  const kernels = [...new Set(own.map(({ kernel }) => kernel))]
  const compilers = [...new Set(own.flatMap(({ compiler }) => compiler ?? []))]
  return [series, ...kernels, ...compilers].join('<br>')
}

function mark(outcome: Outcome, errors: readonly string[]): string {
  switch (outcome.result) {
    case 'loaded':
      return outcome.events === undefined ? 'loaded' : 'loaded, events seen'
    case 'built':
      return 'built'
    case 'not-loaded':
      return `built, not loaded (${errors.indexOf(placeless(outcome.error)) + 1})`
    case 'failed':
      return `error ${errors.indexOf(placeless(outcome.error)) + 1}`
    default:
      return unreachable(outcome)
  }
}
