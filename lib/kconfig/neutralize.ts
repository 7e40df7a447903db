// Sanitizes a config: removes file names, keys and commands before any build sees it.

import { printable } from '../model/text.ts'
import { isOn, type Kconfig, type OptionValue } from './kconfig.ts'

export interface Neutralized {
  /** without `CONFIG_` */
  readonly option: string
  /** what the config said, shortened to 80 characters of printable ASCII */
  readonly was: string
  readonly now: string
}

/**
 * The only strings that keep their value: names of algorithms, character sets and modules, which no Makefile reads, and
 * nearly every config sets. All others become "": make strips the quotes of a string that names a file, key, flag or command
 * (SYSTEM_TRUSTED_KEYS, INITRAMFS_SOURCE, UEVENT_HELPER_PATH, LOCALVERSION, ...), and a list of those would be out of date
 * with the next kernel. No string decides the layout of a structure. What make or a shell expands (`$(...)`, `${...}`,
 * backquotes) goes with its string, whatever the option.
 */
const KEPT: ReadonlySet<string> = new Set([
  'ANDROID_BINDER_DEVICES',
  'DEFAULT_NET_SCH',
  'DEFAULT_TCP_CONG',
  'EXFAT_DEFAULT_IOCHARSET',
  'FAT_DEFAULT_IOCHARSET',
  'IMA_DEFAULT_HASH',
  'IMA_DEFAULT_TEMPLATE',
  'LSM',
  'MAC80211_RC_DEFAULT',
  'NLS_DEFAULT',
  'PSTORE_COMPRESS_DEFAULT',
  'RTC_HCTOSYS_DEVICE',
  'RTC_SYSTOHC_DEVICE',
  'ZRAM_DEF_COMP',
  'ZSWAP_COMPRESSOR_DEFAULT',
  'ZSWAP_ZPOOL_DEFAULT',
])
const WORDS = /^[a-z0-9][a-z0-9_,-]{0,255}$/

const EMPTY: OptionValue = { tag: 'string', text: '' }
const OFF: OptionValue = { tag: 'switch', value: 'n' }

/**
 * The config a build may see, and what was taken from it, for the answer. LOCALVERSION is empty and
 * LOCALVERSION_AUTO off in every one: the release that the host sent decides, not the config. No comment is left but that
 * of the version.
 *
 * Switches stay as they are, also those that need further tools (DEBUG_INFO_BTF, GCC_PLUGINS): they name nothing,
 * and they do decide layouts: DEBUG_INFO_BTF_MODULES that of `struct module`, GCC_PLUGIN_STACKLEAK that of `task_struct`.
 */
export function neutralize(config: Kconfig): {
  readonly config: Kconfig
  readonly neutralized: readonly Neutralized[]
} {
  const options = new Map(config.options)
  const neutralized: Neutralized[] = []
  for (const [option, value] of config.options) {
    if (value.tag !== 'string' || value.text === '' || keeps(option, value.text)) continue
    options.set(option, EMPTY)
    neutralized.push({ option, was: shortened(value.text), now: '' })
  }
  if (isOn(config, 'LOCALVERSION_AUTO')) neutralized.push({ option: 'LOCALVERSION_AUTO', was: 'y', now: 'n' })
  options.set('LOCALVERSION', EMPTY).set('LOCALVERSION_AUTO', OFF)
  const build = { ...config, options, headerArch: undefined, compilerComment: undefined }
  return { config: build, neutralized }
}

const keeps = (option: string, text: string): boolean => KEPT.has(option) && WORDS.test(text)

const shortened = (text: string): string =>
  text.length > 80 ? `${printable(text, 77)}...` : printable(text, 80)
