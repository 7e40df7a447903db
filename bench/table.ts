// Formats the results of a run as a table. Each row contains ratios to a baseline that ran on the same
// machine in the same run.

import * as z from 'zod'

const goal = z.union([z.object({ atMost: z.number() }), z.object({ atLeast: z.number() })])
export type Goal = Readonly<z.infer<typeof goal>>

const row = z.object({
  /** the value for `--only`, shared by all rows that are measured together */
  name: z.string(),
  what: z.string(),
  /** the baseline: a ratio of 1 is equal to it */
  against: z.string(),
  /** absent: there is no goal */
  goal: goal.optional(),
  /** one ratio per round; empty: not measured, and the note has the reason */
  ratios: z.array(z.number()),
  /**
   * load of the machine in each round: running and waiting processes, averaged over a minute by the kernel
   */
  loads: z.array(z.number()),
  /** additional information, e.g. phases in seconds */
  note: z.string().optional(),
})
export type Row = Readonly<z.infer<typeof row>>

export const resultSchema = z.object({
  /** e.g. `2026-11-27` */
  date: z.string(),
  machine: z.object({ cpu: z.string(), cores: z.number(), gigabytes: z.number() }),
  /** duration of the run */
  minutes: z.number(),
  rows: z.array(row),
})
export type Result = Readonly<z.infer<typeof resultSchema>>

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const [low = Number.NaN, high = Number.NaN] = [sorted[half - 1], sorted[half]]
  return sorted.length % 2 === 0 ? (low + high) / 2 : high
}

/** Undefined if nothing was measured or there is no goal. */
export function isMet({ goal, ratios }: Row): boolean | undefined {
  if (goal === undefined || ratios.length === 0) return undefined
  const ratio = median(ratios)
  return 'atMost' in goal ? ratio <= goal.atMost : ratio >= goal.atLeast
}

const COLUMNS = ['what', 'against', 'median', 'spread', 'goal', 'met', 'load'] as const
/** Number of columns with figures. */
const FIGURES = 2

/** For a terminal: one line per row, with its note below. */
export function textOf(result: Result): string {
  const lines = [COLUMNS, ...result.rows.map(cellsOf)]
  const widths = COLUMNS.map((_, i) => Math.max(...lines.map((cells) => cells[i]?.length ?? 0)))
  const lineOf = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i < FIGURES ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  const rows = result.rows.flatMap((one) => [
    lineOf(cellsOf(one)),
    ...(one.note === undefined ? [] : [`  ${one.note}`]),
  ])
  return [lineOf(COLUMNS), ...rows, '', machineOf(result), ''].join('\n')
}

/** For docs/performance.md. */
export function markdownOf(result: Result): string {
  const lineOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rule = COLUMNS.map((_, i) => (i < FIGURES ? '---' : '---:'))
  const notes = result.rows.flatMap(({ what, note }) => (note === undefined ? [] : [`* ${what}: ${note}`]))
  const rows = result.rows.map((one) => lineOf(cellsOf(one)))
  return [lineOf(COLUMNS), lineOf(rule), ...rows, '', machineOf(result), '', ...notes, ''].join('\n')
}

function cellsOf(one: Row): readonly string[] {
  const { what, against, goal, ratios, loads } = one
  const met = isMet(one)
  return [
    what,
    against,
    ratios.length === 0 ? '-' : figure(median(ratios)),
    rangeOf(ratios, figure),
    goal === undefined ? '' : goalOf(goal),
    met === undefined ? '' : met ? 'yes' : 'no',
    rangeOf(loads, (load) => load.toFixed(1)),
  ]
}

export const goalOf = (goal: Goal): string =>
  'atMost' in goal ? `at most ${figure(goal.atMost)}` : `at least ${figure(goal.atLeast)}`

/** Two digits of a small number, three of others, at most two of them after the decimal point. */
const figure = (value: number): string =>
  value < 0.1 ? value.toPrecision(2) : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)

function rangeOf(values: readonly number[], show: (value: number) => string): string {
  if (values.length === 0) return '-'
  const [least, most] = [show(Math.min(...values)), show(Math.max(...values))]
  return least === most ? least : `${least} to ${most}`
}

const machineOf = ({ date, machine: { cpu, cores, gigabytes }, minutes }: Result): string =>
  `${date}, ${cpu}, ${cores} cores, ${gigabytes} GB of memory; the run took ${minutes.toFixed(0)} minutes.`
