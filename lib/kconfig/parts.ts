// Whether a config is complete, or a fragment such as buildroot merges into a default config.

import type { Kconfig } from './kconfig.ts'

/** A tenth of what the smallest kernels for virtual machines have, unset ones counted. */
const MIN_OPTIONS = 300
/** Without a prompt and in every kernel since 2.6: in what Kconfig wrote, never in what a person did. */
const HIDDEN = ['INIT_ENV_ARG_LIMIT', 'MMU']

/** Why it is only a fragment; `undefined`: it is complete. */
export function partOf({ options, whole }: Kconfig): string | undefined {
  const missing = HIDDEN.find((name) => !options.has(name))
  if (missing !== undefined) return `it has no CONFIG_${missing}`
  if (options.size < MIN_OPTIONS) return `it has ${options.size} options`
  return whole ? undefined : 'it turns no option off'
}
