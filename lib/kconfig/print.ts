// The one text of a config: what a build gets, and what its identity is the digest of.

import { unreachable } from '../errors.ts'
import type { Kconfig, OptionValue } from './kconfig.ts'

/** Canonical: LF, no comment but the version's, `n` as "is not set". `parseKconfig` reads the same config from it. */
export function printKconfig(config: Kconfig): string {
  const header =
    config.headerVersion === undefined ? '' : `# Linux ${config.headerVersion} Kernel Configuration\n`
  return header + digestInput(config)
}

/**
 * What a config's identity is the sha256 of: every option in the order of the file, and no comment. Order
 * counts because Kconfig lets it decide between options of one choice: one digest, one build.
 */
export function digestInput({ options }: Kconfig): string {
  return [...options].map(([name, value]) => `${line(name, value)}\n`).join('')
}

/** As `conf_write_symbol` of scripts/kconfig/confdata.c prints it. */
function line(name: string, value: OptionValue): string {
  switch (value.tag) {
    case 'switch':
      return value.value === 'n' ? `# CONFIG_${name} is not set` : `CONFIG_${name}=${value.value}`
    case 'number':
    case 'hex':
      return `CONFIG_${name}=${value.digits}`
    case 'string':
      return `CONFIG_${name}="${value.text.replace(/["\\]/g, '\\$&')}"`
    default:
      return unreachable(value)
  }
}
