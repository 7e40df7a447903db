// Counts events by their labels. The number of label sets is bounded.

import type { Labels, Metric, Sample } from './text.ts'

interface Counter {
  add(labels: Labels): void
  metric(): Metric
}

interface CounterOptions {
  readonly name: string
  readonly help: string
  /** label sets that exist from the start with value 0: a rate needs a value before the first event */
  readonly from?: readonly Labels[]
}

/** Maximum label sets of one counter. Further ones are counted as `other`, so that nobody can fill the memory. */
const MOST = 200
const OTHER = 'other'
/** Allowed label values: routes of the template, names of functions, words of the registry. */
const VALUE = /^[\x20-\x7e]{0,120}$/

export function createCounter({ name, help, from = [] }: CounterOptions): Counter {
  const counts = new Map<string, Sample>()
  const grow = (labels: Labels, by: number): void => {
    const known = keyOf(labels)
    const key = counts.has(known) || counts.size < MOST ? known : keyOf(othersOf(labels))
    const { value } = counts.get(key) ?? { value: 0 }
    counts.set(key, { labels: key === known ? labels : othersOf(labels), value: value + by })
  }
  for (const labels of from) grow(labels, 0)
  return {
    add: (labels) => grow(bounded(labels), 1),
    metric: () => ({ name, help, type: 'counter', samples: [...counts.values()] }),
  }
}

const keyOf = (labels: Labels): string => JSON.stringify(Object.entries(labels))

const othersOf = (labels: Labels): Labels =>
  Object.fromEntries(Object.keys(labels).map((label) => [label, OTHER]))

const bounded = (labels: Labels): Labels =>
  Object.fromEntries(
    Object.entries(labels).map(([label, value]) => [label, VALUE.test(value) ? value : OTHER]),
  )
