// Tells a whole config from a part of one, such as buildroot merges into a default one.

import type { Kconfig } from './kconfig.ts'

/** A tenth of what the smallest kernels for virtual machines have, unset ones counted. */
const MIN_OPTIONS = 300
/** Without a prompt and in every kernel since 2.6: in what Kconfig wrote, never in what a person did. */
const HIDDEN = ['INIT_ENV_ARG_LIMIT', 'MMU']

/** Why it is only a part of a config; `undefined`: it is a whole one. */
export function partOf({ options, whole }: Kconfig): string | undefined {
  const missing = HIDDEN.find((name) => !options.has(name))
  if (missing !== undefined) return `it has no CONFIG_${missing}`
  if (options.size < MIN_OPTIONS) return `it has ${options.size} options`
  return whole ? undefined : 'it says of no option that it is off'
}
