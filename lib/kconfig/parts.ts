// Decides if a config is complete, or only a fragment like those that buildroot merges into a default config.

import type { Kconfig } from './kconfig.ts'

/** The smallest kernels for virtual machines have ten times as many options, including those that are off. */
const MIN_OPTIONS = 300
/** Options without a prompt, in every kernel since 2.6. Kconfig writes them into each config; a person never does. */
const HIDDEN = ['INIT_ENV_ARG_LIMIT', 'MMU']

/** The reason why it is only a fragment; `undefined`: it is complete. */
export function partOf({ options, whole }: Kconfig): string | undefined {
  const missing = HIDDEN.find((name) => !options.has(name))
  if (missing !== undefined) return `it has no CONFIG_${missing}`
  if (options.size < MIN_OPTIONS) return `it has ${options.size} options`
  return whole ? undefined : 'it turns no option off'
}
