// Counts events by their labels. The number of label sets is bounded.

import type { Labels, Metric, Sample } from './text.ts'

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
const isAllowed = (value: string): boolean => /^[\x20-\x7e]{0,120}$/.test(value)

export function createCounter({ name, help, from = [] }: CounterOptions) {
  const counts = new Map<string, Sample>()
  const grow = (labels: Labels, by: number): void => {
    const isFull = counts.size >= MOST && !counts.has(keyOf(labels))
    const counted = isFull ? keeping(labels, () => false) : labels
    const { value } = counts.get(keyOf(counted)) ?? { value: 0 }
    counts.set(keyOf(counted), { labels: counted, value: value + by })
  }
  for (const labels of from) grow(labels, 0)
  return {
    add: (labels: Labels): void => grow(keeping(labels, isAllowed), 1),
    metric: (): Metric => ({ name, help, type: 'counter', samples: [...counts.values()] }),
  }
}

const keyOf = (labels: Labels): string => JSON.stringify(Object.entries(labels))

/** Replaces the values that are not kept. */
const keeping = (labels: Labels, isKept: (value: string) => boolean): Labels =>
  Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, isKept(value) ? value : OTHER]))
