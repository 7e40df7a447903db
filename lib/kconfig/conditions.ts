// Defines the conditions of the rules. Each one can be checked against a kernel, and has a human-readable text.

import { compareSeries, formatSeries, type Series } from '../model/series.ts'
import { isOn, type Kconfig, stringOf } from './kconfig.ts'
import { type PatchedBy, patchesIn } from './patched.ts'

/** The known facts about a kernel. */
export interface Seen {
  readonly config: Kconfig
  /** true if the config is complete; only then is an absent option off */
  readonly whole: boolean
  /** series of the kernel's version; `undefined`: neither the config nor the host names it */
  readonly series: Series | undefined
  /** true for symbols that the kernel exports, by its Module.symvers; `undefined`: the host did not send that file */
  readonly exported: ((symbol: string) => boolean) | undefined
}

export interface Condition {
  /** returns the deciding fact, e.g. `CONFIG_MODULES`; `undefined`: the condition does not hold, or cannot be known */
  readonly holds: (seen: Seen) => string | undefined
  /** human-readable */
  readonly text: string
}

const full = (option: string): string => `CONFIG_${option}`

/** At least one of the options is on. */
export const on = (...options: readonly [string, ...string[]]): Condition => ({
  holds: ({ config }) => options.filter((option) => isOn(config, option)).map(full)[0],
  text: options.map((option) => `${option}=y`).join(' or '),
})

/** The option is off. In an incomplete config, an absent option may be on, so the condition does not hold. */
export const off = (option: string): Condition => ({
  holds: ({ config, whole }) =>
    !isOn(config, option) && (whole || config.options.has(option)) ? full(option) : undefined,
  text: `${option} off`,
})

/** The list in CONFIG_LSM contains the word. Kernels before 5.1 have no such list: they start every security module. */
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

/** All conditions hold. The deciding fact is that of the first one. */
export const all = (...conditions: readonly Condition[]): Condition => ({
  holds: (seen) => {
    const found = conditions.map(({ holds }) => holds(seen))
    return found.includes(undefined) ? undefined : found[0]
  },
  text: conditions.map(({ text }) => text).join(', '),
})

/** Must not be the first condition of `all`, because it names no option. */
export const not = ({ holds, text }: Condition): Condition => ({
  holds: (seen) => (holds(seen) === undefined ? 'the config' : undefined),
  text: /,| or /.test(text) ? `not (${text})` : `not ${text}`,
})

/** The kernel has patches of one of these, which change structures. */
export const patchedBy = (...by: readonly PatchedBy[]): Condition => ({
  holds: ({ config, series }) => {
    const found = patchesIn(config, series === undefined ? '' : formatSeries(series))
    return found !== undefined && by.includes(found.by) ? found.option : undefined
  },
  text: `an option of a patched tree (${by.join(', ')}; lib/kconfig/patched.ts)`,
})

/** The host sent Module.symvers, and the kernel exports all of the symbols. */
export const exportsAll = (symbols: readonly string[]): Condition => ({
  holds: ({ exported }) => (exported !== undefined && symbols.every(exported) ? 'Module.symvers' : undefined),
  text: 'Module.symvers has what the driver calls',
})

/** The host sent Module.symvers, and the kernel does not export all of the symbols. */
export const exportsNot = (symbols: readonly string[]): Condition => ({
  holds: ({ exported }) =>
    exported !== undefined && !symbols.every(exported) ? 'Module.symvers' : undefined,
  text: 'Module.symvers lacks symbols that the driver calls',
})

/** The host did not send Module.symvers. */
export const symversUnknown: Condition = {
  holds: ({ exported }) => (exported === undefined ? 'Module.symvers' : undefined),
  text: 'no Module.symvers was sent',
}
