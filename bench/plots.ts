// Draws the plots of a result for docs/performance.md: each row is a bar with the spread of its ratios, and a
// line for the goal.

import { goalOf, isMet, median, type Result, type Row } from './table.ts'

const WIDTH = 720
const LINE = 34
/** Left and right ends of the bars; longer bars are cut. */
const LEFT = 330
const RIGHT = 660
/** Ratio at the right end. */
const MOST = 4

/** Plots by file name, one per row name. */
export function plotsOf({ rows }: Result): Record<string, string> {
  const measured = rows.filter(({ ratios }) => ratios.length > 0)
  const names = [...new Set(measured.map(({ name }) => name))]
  return Object.fromEntries(
    names.map((name) => [`${name}.svg`, plotOf(measured.filter((row) => row.name === name))]),
  )
}

function plotOf(rows: readonly Row[]): string {
  const height = rows.length * LINE + 30
  const font = 'font-family="sans-serif" font-size="11"'
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ${font}>`,
    `<title>Measured ratios: ${escaped(rows[0]?.name ?? '')}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<line x1="${at(1)}" y1="0" x2="${at(1)}" y2="${height - 22}" stroke="#bbb"/>`,
    text(at(1), height - 8, 'middle', '1: the same as the comparison'),
    ...rows.flatMap((row, i) => barOf(row, i * LINE + 4)),
    '</svg>',
    '',
  ].join('\n')
}

function barOf(row: Row, y: number): string[] {
  const ratio = median(row.ratios)
  const met = isMet(row)
  const color = met === undefined ? '#789' : met ? '#2a7' : '#c54'
  const [least, most] = [at(Math.min(...row.ratios)), at(Math.max(...row.ratios))]
  const goal = row.goal === undefined ? undefined : 'atMost' in row.goal ? row.goal.atMost : row.goal.atLeast
  const mark = goal === undefined ? [] : [vertical(at(goal), y, 24, '#000')]
  const told = row.goal === undefined ? '' : `, goal ${goalOf(row.goal)}`
  return [
    text(LEFT - 8, y + 11, 'end', row.what),
    text(LEFT - 8, y + 24, 'end', `against ${row.against}${told}`, '#777'),
    `<rect x="${LEFT}" y="${y + 4}" width="${(at(ratio) - LEFT).toFixed(1)}" height="16" fill="${color}"/>`,
    `<line x1="${least}" y1="${y + 12}" x2="${most}" y2="${y + 12}" stroke="#000"/>`,
    ...mark,
    text(RIGHT + 8, y + 16, 'start', ratio < 0.1 ? ratio.toPrecision(2) : ratio.toFixed(2)),
  ]
}

const at = (ratio: number): number =>
  Math.round((LEFT + (Math.min(ratio, MOST) / MOST) * (RIGHT - LEFT)) * 10) / 10

const vertical = (x: number, y: number, height: number, color: string): string =>
  `<line x1="${x}" y1="${y}" x2="${x}" y2="${y + height}" stroke="${color}" stroke-width="2"/>`

const text = (x: number, y: number, anchor: string, words: string, color = '#000'): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${color}">${escaped(words)}</text>`

const escaped = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
