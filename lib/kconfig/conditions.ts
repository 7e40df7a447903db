// The conditions of the rules: each can be checked against a kernel, and has a human-readable text.

import { compareSeries, formatSeries, type Series } from '../model/series.ts'
import { isOn, type Kconfig, stringOf } from './kconfig.ts'
import { type PatchedBy, patchesIn } from './patched.ts'

/** What is known of a kernel. */
export interface Seen {
  readonly config: Kconfig
  /** whether the config has all options: only then an absent one is off */
  readonly whole: boolean
  /** of its version; `undefined`: neither the config nor the host says it */
  readonly series: Series | undefined
  /** whether the kernel exports a symbol, by its Module.symvers; `undefined`: that was not sent */
  readonly exported: ((symbol: string) => boolean) | undefined
}

export interface Condition {
  /** what decides it, e.g. `CONFIG_MODULES`; `undefined`: it does not hold, or nobody knows */
  readonly holds: (seen: Seen) => string | undefined
  /** human-readable */
  readonly text: string
}

const full = (option: string): string => `CONFIG_${option}`

/** Any of them is on. */
export const on = (...options: readonly [string, ...string[]]): Condition => ({
  holds: ({ config }) => options.filter((option) => isOn(config, option)).map(full)[0],
  text: options.map((option) => `${option}=y`).join(' or '),
})

/** It is off. In a part of a config what is absent may be on. */
export const off = (option: string): Condition => ({
  holds: ({ config, whole }) =>
    !isOn(config, option) && (whole || config.options.has(option)) ? full(option) : undefined,
  text: `${option} off`,
})

/** A word of the list in CONFIG_LSM, where that exists (from 5.1 on; what is older starts every module that it has). */
export const inLsm = (word: string): Condition => ({
  holds: ({ config, series }) => {
    const list = stringOf(config, 'LSM')
    if (list === undefined)
      return series !== undefined && compareSeries(series, [5, 1]) < 0 ? 'CONFIG_LSM' : undefined
    return list.split(',').includes(word) ? 'CONFIG_LSM' : undefined
  },
  text: `"${word}" in LSM`,
})

const ofSeries = (sign: '<' | '>=', series: Series): Condition => ({
  holds: (seen) =>
    seen.series !== undefined && compareSeries(seen.series, series) < 0 === (sign === '<')
      ? `Linux ${formatSeries(seen.series)}`
      : undefined,
  text: `Linux ${sign} ${formatSeries(series)}`,
})

export const before = (...series: Series): Condition => ofSeries('<', series)
export const since = (...series: Series): Condition => ofSeries('>=', series)

/** All of them; the first decides. */
export const all = (...conditions: readonly [Condition, ...Condition[]]): Condition => ({
  holds: (seen) => {
    const found = conditions.map(({ holds }) => holds(seen))
    return found.includes(undefined) ? undefined : found[0]
  },
  text: conditions.map(({ text }) => text).join(', '),
})

/** Never the first of `all`: it names no option. */
export const not = ({ holds, text }: Condition): Condition => ({
  holds: (seen) => (holds(seen) === undefined ? 'the config' : undefined),
  text: /,| or /.test(text) ? `not (${text})` : `not ${text}`,
})

/** A tree with patches of one of these, that change structures. */
export const patchedBy = (...by: readonly PatchedBy[]): Condition => ({
  holds: ({ config, series }) => {
    const found = patchesIn(config, series === undefined ? '' : formatSeries(series))
    return found !== undefined && by.includes(found.by) ? found.option : undefined
  },
  text: `an option of a patched tree (${by.join(', ')}; lib/kconfig/patched.ts)`,
})

/** Module.symvers was sent, and the kernel exports them all. */
export const exportsAll = (symbols: readonly string[]): Condition => ({
  holds: ({ exported }) => (exported !== undefined && symbols.every(exported) ? 'Module.symvers' : undefined),
  text: 'Module.symvers has what the driver calls',
})

/** Module.symvers was sent, and the kernel exports not all of them. */
export const exportsNot = (symbols: readonly string[]): Condition => ({
  holds: ({ exported }) =>
    exported !== undefined && !symbols.every(exported) ? 'Module.symvers' : undefined,
  text: 'Module.symvers lacks symbols that the driver calls',
})

/** Module.symvers was not sent. */
export const symversUnknown: Condition = {
  holds: ({ exported }) => (exported === undefined ? 'Module.symvers' : undefined),
  text: 'no Module.symvers was sent',
}
