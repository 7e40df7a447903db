// Sanitizes a config: removes file names, keys and commands before any build gets it.

import { printable } from '../model/text.ts'
import { isOn, type Kconfig, type OptionValue } from './kconfig.ts'

export interface Neutralized {
  /** without `CONFIG_` */
  readonly option: string
  /** value in the config, shortened to 80 characters of printable ASCII */
  readonly was: string
  readonly now: string
}

/**
 * The only strings that keep their value: names of algorithms, character sets and modules. No Makefile reads them, and nearly
 * every config sets them. All other strings become "". Some of them name files, keys, flags or commands, and make removes their
 * quotes (SYSTEM_TRUSTED_KEYS, INITRAMFS_SOURCE, UEVENT_HELPER_PATH, LOCALVERSION, ...). A list of the dangerous ones would be
 * out of date with the next kernel. This also removes text that make or a shell would expand: `$(...)`, `${...}`, backquotes.
 * No string decides the layout of a structure.
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
 * Returns the config for builds, and a list of the removed values for the answer to the host. LOCALVERSION is always empty and
 * LOCALVERSION_AUTO always off, because the release from the host counts and not the config's. Removes all comments except the
 * one with the version.
 *
 * Switches keep their value, even if they need further tools (DEBUG_INFO_BTF, GCC_PLUGINS): they name nothing, and they decide
 * layouts. DEBUG_INFO_BTF_MODULES changes `struct module`, and GCC_PLUGIN_STACKLEAK changes `task_struct`.
 */
export function neutralize(config: Kconfig): { config: Kconfig; neutralized: readonly Neutralized[] } {
  const options = new Map(config.options)
  const neutralized: Neutralized[] = []
  for (const [option, value] of config.options) {
    if (value.tag !== 'string' || value.text === '') continue
    if (KEPT.has(option) && WORDS.test(value.text)) continue
    options.set(option, EMPTY)
    neutralized.push({ option, was: shortened(value.text), now: '' })
  }
  if (isOn(config, 'LOCALVERSION_AUTO')) neutralized.push({ option: 'LOCALVERSION_AUTO', was: 'y', now: 'n' })
  options.set('LOCALVERSION', EMPTY).set('LOCALVERSION_AUTO', OFF)
  const build = { ...config, options, headerArch: undefined, compilerComment: undefined }
  return { config: build, neutralized }
}

const shortened = (text: string): string =>
  text.length > 80 ? `${printable(text, 77)}...` : printable(text, 80)
