// A strict parser of Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/

export interface Read {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const HELP = new RegExp(`^# HELP (${NAME}) ((?:[^\\\\\\n]|\\\\\\\\|\\\\n)+)$`)
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge)$`)
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (-?(?:\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?|Inf)|NaN)$`)
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)/y

/** Throws for any syntax error, for a duplicate name, and for a counter without `_total` in its name. */
export function parseMetrics(text: string): Read[] {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const lines = text.slice(0, -1).split('\n')
  const seen = new Set<string>()
  const samples = new Map<string, Read>()
  let open: { name: string } | undefined
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? ''
    const name = HELP.exec(line)?.[1]
    if (name !== undefined) {
      const type = TYPE.exec(lines[at + 1] ?? '')
      if (type?.[1] !== name || seen.has(name)) throw new Error(`${name} is told twice, or has no type`)
      if ((type[2] === 'counter') !== name.endsWith('_total')) throw new Error(`${name} is a ${type[2]}`)
      seen.add(name)
      open = { name }
      at += 1
      continue
    }
    const sample = sampleOf(line)
    if (sample.name !== open?.name) throw new Error(`${line} stands below ${open?.name}`)
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
    if (samples.has(key)) throw new Error(`${line} is there twice`)
    samples.set(key, sample)
  }
  return [...samples.values()]
}

function sampleOf(line: string): Read {
  const [, name, labels, value] = SAMPLE.exec(line) ?? []
  if (name === undefined) throw new Error(`${JSON.stringify(line)} is no sample`)
  return { name, labels: labels === undefined ? {} : labelsOf(labels), value: Number(value) }
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  for (let at = 0; at < text.length; at = LABEL.lastIndex) {
    LABEL.lastIndex = at
    const [, name, value = '', end] = LABEL.exec(text) ?? []
    if (name === undefined || name in labels) throw new Error(`${text} are no labels`)
    labels[name] = value.replaceAll(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c))
    if (end === '') break
  }
  return labels
}

/** The sum of the samples with those labels. */
export const sumOf = (read: readonly Read[], name: string, labels: Readonly<Record<string, string>> = {}) =>
  read
    .filter((it) => it.name === name && Object.entries(labels).every(([k, v]) => it.labels[k] === v))
    .reduce<number | undefined>((sum, { value }) => (sum ?? 0) + value, undefined)
