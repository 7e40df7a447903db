// The one text of a config, as a build gets it.

import { unreachable } from '../model/errors.ts'
import type { Kconfig, OptionValue } from './kconfig.ts'

/**
 * Canonical: LF, no comment but the version's, `n` as "is not set", options in the order of the file, which decides between
 * those of one choice. `parseKconfig` reads the same config from it.
 */
export function printKconfig({ headerVersion, options }: Kconfig): string {
  const header = headerVersion === undefined ? '' : `# Linux ${headerVersion} Kernel Configuration\n`
  return header + [...options].map(([name, value]) => `${line(name, value)}\n`).join('')
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
