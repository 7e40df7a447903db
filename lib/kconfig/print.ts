// Prints a config in its one canonical form, for a build.

import { unreachable } from '../model/errors.ts'
import type { Kconfig, OptionValue } from './kconfig.ts'

type Printed = Pick<Kconfig, 'headerVersion' | 'headerArch' | 'compilerComment' | 'options'>

/**
 * Canonical: LF, no comment but those of the version and the compiler, `n` as "is not set", options in the order of the file,
 * which decides between those of one choice. `parseKconfig` reads the same config from it, and nothing to ignore.
 */
export function printKconfig({ headerVersion, headerArch, compilerComment, options }: Printed): string {
  const arch = headerArch === undefined ? '' : `/${headerArch}`
  return [
    ...(headerVersion === undefined ? [] : [`# Linux${arch} ${headerVersion} Kernel Configuration`]),
    ...(compilerComment === undefined ? [] : [`# Compiler: ${compilerComment}`]),
    ...[...options].map(([name, value]) => line(name, value)),
    '',
  ].join('\n')
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
