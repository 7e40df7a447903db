// Defines a kernel config as data: options and their values. It never contains a client's original text.

export type OptionValue =
  | { readonly tag: 'switch'; readonly value: 'y' | 'm' | 'n' }
  /** decimal digits as in the file, because a double may not represent them exactly */
  | { readonly tag: 'number'; readonly digits: string }
  /** hex digits with their `0x` */
  | { readonly tag: 'hex'; readonly digits: string }
  /** without quotes and escapes; each byte is one character, whatever the encoding */
  | { readonly tag: 'string'; readonly text: string }

/** A line that the parser ignored, completely or in part. */
export interface IgnoredLine {
  /** number of the line, from 1 */
  readonly line: number
  /** the line, shortened to 80 characters of printable ASCII */
  readonly text: string
  /** human-readable: the ignored part, or the reason */
  readonly why: string
}

export interface Kconfig {
  /** version in the comment `# Linux/x86 6.1.54 Kernel Configuration`; anyone can write such a comment */
  readonly headerVersion: string | undefined
  /** architecture in the same comment, as the kernel names its folders: `x86`, `x86_64`, `arm64`, `arm` */
  readonly headerArch: string | undefined
  /** text of the comment `# Compiler: gcc (Debian 8.3.0-6) 8.3.0` of Linux 4.18 to 5.7; at most 512 characters of ASCII */
  readonly compilerComment: string | undefined
  /** true if at least one option is explicitly off. Otherwise, absent options may be on */
  readonly whole: boolean
  /** by name without `CONFIG_`. The order is that of the file, which decides between options of one choice */
  readonly options: ReadonlyMap<string, OptionValue>
  /** in the order of the file, at most `MAX_IGNORED`; `ignoredLines` counts all */
  readonly ignored: readonly IgnoredLine[]
  readonly ignoredLines: number
}

/** False for an absent option, too. C code sees no difference; only Kconfig gives absent options a default. */
export function isOn({ options }: Kconfig, name: string): boolean {
  const value = options.get(name)
  return value?.tag === 'switch' && value.value !== 'n'
}

export function stringOf({ options }: Kconfig, name: string): string | undefined {
  const value = options.get(name)
  return value?.tag === 'string' ? value.text : undefined
}

/** `undefined`: the option is absent or not a number, or a double cannot represent the number exactly. */
export function numberOf({ options }: Kconfig, name: string): number | undefined {
  const value = options.get(name)
  const number = value?.tag === 'number' ? Number(value.digits) : undefined
  return Number.isSafeInteger(number) ? number : undefined
}

/** The smallest kernels for virtual machines have ten times as many options, including those that are off. */
const MIN_OPTIONS = 300
/** Options without a prompt, in every kernel since 2.6. Kconfig writes them into each config; a person never does. */
const HIDDEN = ['INIT_ENV_ARG_LIMIT', 'MMU']

/** The reason why it is only a fragment, like those that buildroot merges into a default config; `undefined`: it is complete. */
export function partOf({ options, whole }: Kconfig): string | undefined {
  const missing = HIDDEN.find((name) => !options.has(name))
  if (missing !== undefined) return `it has no CONFIG_${missing}`
  if (options.size < MIN_OPTIONS) return `it has ${options.size} options`
  return whole ? undefined : 'it turns no option off'
}
