// Prints a config in canonical form, for builds.

import { unreachable } from '../model/errors.ts'
import type { Kconfig, OptionValue } from './kconfig.ts'

/**
 * Canonical form: lines end with LF, the only comments are those of the version and the compiler, and `n` is "is not set".
 * Options keep the order of the file, which decides between options of one choice. `parseKconfig` parses the text to the same
 * config, without ignored lines.
 */
export function printKconfig({ headerVersion, headerArch, compilerComment, options }: Kconfig): string {
  const arch = headerArch === undefined ? '' : `/${headerArch}`
  return [
    ...(headerVersion === undefined ? [] : [`# Linux${arch} ${headerVersion} Kernel Configuration`]),
    ...(compilerComment === undefined ? [] : [`# Compiler: ${compilerComment}`]),
    ...[...options].map(([name, value]) => line(name, value)),
    '',
  ].join('\n')
}

/** Prints an option like `conf_write_symbol` in scripts/kconfig/confdata.c. */
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
