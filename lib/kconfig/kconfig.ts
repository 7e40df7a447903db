// A kernel config as data: options and their values, never the text of a client.

export type OptionValue =
  | { readonly tag: 'switch'; readonly value: 'y' | 'm' | 'n' }
  /** decimal digits as they stood: they may say more than a double holds */
  | { readonly tag: 'number'; readonly digits: string }
  /** with its `0x` */
  | { readonly tag: 'hex'; readonly digits: string }
  /** without quotes and escapes; one character a byte, whatever the encoding */
  | { readonly tag: 'string'; readonly text: string }

/** A line that was left out, all of it or a part. */
export interface IgnoredLine {
  /** from 1 */
  readonly line: number
  /** the line, shortened to 80 characters of printable ASCII */
  readonly text: string
  /** human-readable: what was left out */
  readonly why: string
}

export interface Kconfig {
  /** of the comment `# Linux/x86 6.1.54 Kernel Configuration`; anyone can write one, and digests ignore it */
  readonly headerVersion: string | undefined
  /** of the same comment, as the kernel names its folders: `x86`, `x86_64`, `arm64`, `arm` */
  readonly headerArch: string | undefined
  /** of the comment `# Compiler: gcc (Debian 8.3.0-6) 8.3.0`, which Linux 4.18 to 5.7 wrote; at most 512 characters of ASCII */
  readonly compilerComment: string | undefined
  /** some option is said to be off. Of a config that never says so, what is absent may be on */
  readonly whole: boolean
  /** by name without `CONFIG_`, in the order of the file, which decides between options of one choice */
  readonly options: ReadonlyMap<string, OptionValue>
  /** in the order of the file, and no more than `MAX_IGNORED`; `ignoredLines` counts all */
  readonly ignored: readonly IgnoredLine[]
  readonly ignoredLines: number
}

/** Off and absent are the same, as they are to C: what is absent gets its default only from Kconfig. */
export function switchOf({ options }: Kconfig, name: string): 'y' | 'm' | 'n' {
  const value = options.get(name)
  return value?.tag === 'switch' ? value.value : 'n'
}

export const isOn = (config: Kconfig, name: string): boolean => switchOf(config, name) !== 'n'

export function stringOf({ options }: Kconfig, name: string): string | undefined {
  const value = options.get(name)
  return value?.tag === 'string' ? value.text : undefined
}

/** `undefined` for what is not a number, and for one that a double cannot hold exactly. */
export function numberOf({ options }: Kconfig, name: string): number | undefined {
  const value = options.get(name)
  const number = value?.tag === 'number' ? Number(value.digits) : undefined
  return Number.isSafeInteger(number) ? number : undefined
}
