// Finds the compiler that built a kernel, and the available compiler that builds modules for it.

import { ProbeError } from '../model/errors.ts'
import { isOn, type Kconfig, numberOf, stringOf } from './kconfig.ts'

type Family = 'gcc' | 'clang'

export interface Compiler {
  /** family of the compiler that built the kernel */
  readonly family: Family
  /** version of the compiler that built the kernel, e.g. `12.2.0`; if guessed, only `12` */
  readonly version: string
  /** the available command that builds the module */
  readonly command: string
  readonly from: 'config' | 'proc-version' | 'kernel-version'
  /** true if family and major version are known and `command` has the same ones */
  readonly exact: boolean
  /** human-readable */
  readonly text: string
}

type Found = Pick<Compiler, 'family' | 'version' | 'from'>

interface CompilerFacts {
  readonly config: Kconfig
  /** `/proc/version` from a client, so it may be any text */
  readonly procVersion?: string | undefined
  readonly kernelRelease: string
  /** available commands, e.g. `gcc-12`, `gcc-4.8`, `clang-14` */
  readonly commands: readonly string[]
}

/**
 * The command that built the kernel, available or not. Reads it from the config, else from `/proc/version`, else guesses.
 */
export const builtBy = (facts: Omit<CompilerFacts, 'commands'>): string => commandOf(foundIn(facts))

const foundIn = ({ config, procVersion, kernelRelease }: Omit<CompilerFacts, 'commands'>): Found =>
  ofConfig(config) ?? ofProcVersion(procVersion?.slice(0, 1024) ?? '') ?? guessed(config, kernelRelease)

/** Finds that compiler, and the nearest available command. @throws {ProbeError} `misconfigured`: there are no commands. */
export function compilerOf({ commands, ...facts }: CompilerFacts): Compiler {
  const found = foundIn(facts)
  const command = nearest(found, commands)
  const exact = found.from !== 'kernel-version' && commandOf(found) === command
  return { ...found, command, exact, text: `${ORIGIN[found.from](found)}; ${choice(found, command, exact)}` }
}

/** CC_IS_CLANG exists since 4.18. In older configs, Android's clang kernels have options that gcc does not support. */
const familyIn = (config: Kconfig): Family =>
  CLANGS.some((option) => isOn(config, option)) ? 'clang' : 'gcc'
const CLANGS = ['CC_IS_CLANG', 'LTO_CLANG', 'CFI_CLANG']

/** 20.0.0: the version that scripts/dummy-tools/gcc prints. Distributions use it to make configs without a compiler. */
const DUMMY = 200_000

/** Since 4.18, GCC_VERSION or CLANG_VERSION is e.g. 120200 for 12.2.0. The one of the unused compiler is 0. */
function ofConfig(config: Kconfig): Found | undefined {
  const family = familyIn(config)
  const number = numberOf(config, family === 'clang' ? 'CLANG_VERSION' : 'GCC_VERSION') ?? 0
  if (number === DUMMY) return undefined
  if (number >= 10_000 && number < 1_000_000) {
    const parts = [Math.floor(number / 10_000), Math.floor(number / 100) % 100, number % 100]
    return { family, version: parts.join('.'), from: 'config' }
  }
  const text = stringOf(config, 'CC_VERSION_TEXT') ?? config.compilerComment
  return text === undefined ? undefined : ofFirstLine(text.slice(0, 1024))
}

/** Parses the first line of `--version`: "gcc-12 (Debian 12.2.0-14) 12.2.0", "Debian clang version 14.0.6". */
function ofFirstLine(text: string): Found | undefined {
  const clang = /clang version (\d{1,3}\.\d{1,3}\.\d{1,3})/.exec(text)
  if (clang !== null) return { family: 'clang', version: clang[1]!, from: 'config' }
  const gcc = /gcc.* (\d{1,3}\.\d{1,3}\.\d{1,3})\b/.exec(text.replace(/\([^()]*\)/g, ''))
  return gcc === null ? undefined : { family: 'gcc', version: gcc[1]!, from: 'config' }
}

/**
 * Parses LINUX_COMPILER, which scripts/mkcompile_h and its successors write. Up to 5.7:
 * "(gcc version 7.3.0 (Ubuntu 7.3.0-16ubuntu3))". Later: "(gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld ...)". Always for clang:
 * "(clang version 14.0.6 ...)".
 */
function ofProcVersion(text: string): Found | undefined {
  const family: Family = /clang version \d/.test(text) ? 'clang' : 'gcc'
  const version =
    new RegExp(`${family} version (\\d{1,3}(?:\\.\\d{1,3}){1,2})`).exec(text)?.[1] ??
    /gcc[\w.-]{0,20} \([^()]{0,100}\) (\d{1,3}\.\d{1,3}\.\d{1,3})\b/.exec(text)?.[1]
  return version === undefined ? undefined : { family, version, from: 'proc-version' }
}

/** Usual compilers when a series was new, newest first. Used only if neither the config nor /proc/version names one. */
const GUESSES: readonly (readonly [major: number, minor: number, gcc: string, clang: string])[] = [
  [6, 9, '14', '18'],
  [6, 3, '13', '17'],
  [5, 18, '12', '14'],
  [5, 11, '11', '12'],
  [5, 6, '10', '11'],
  [5, 0, '9', '9'],
  [4, 15, '8', '8'],
  [4, 8, '6', '8'],
  [4, 0, '5', '5'],
]

function guessed(config: Kconfig, kernelRelease: string): Found {
  const [, major = 0, minor = 0] = (/^(\d{1,3})\.(\d{1,5})/.exec(kernelRelease) ?? []).map(Number)
  const [, , gcc, clang] = GUESSES.find(
    ([from, since]) => major > from || (major === from && minor >= since),
  ) ?? [0, 0, '4.8', '5']
  const family = familyIn(config)
  return { family, version: family === 'clang' ? clang : gcc, from: 'kernel-version' }
}

/** Debian's names of commands: `gcc-12`, but `gcc-4.8`; `clang-14`. */
function commandOf({ family, version }: Found): string {
  const [major = '', minor = ''] = version.split('.')
  return `${family}-${family === 'gcc' && Number(major) < 5 ? `${major}.${minor}` : major}`
}

function nearest(found: Found, commands: readonly string[]): string {
  const family = commands.filter((command) => command.startsWith(`${found.family}-`))
  const [command] = (family.length > 0 ? family : commands).toSorted(byDistanceTo(commandOf(found)))
  if (command === undefined) throw new ProbeError('misconfigured', 'the build image has no compiler')
  return command
}

/** Sorts the newer of two equally near commands first: a kernel's headers may need features that the older one lacks. */
export function byDistanceTo(wanted: string): (a: string, b: string) => number {
  const distance = (command: string): number => Math.abs(ordinal(command) - ordinal(wanted))
  return (a, b) => distance(a) - distance(b) || ordinal(b) - ordinal(a)
}

/** `gcc-12` -> 12, `gcc-4.8` -> 4.8. */
export const ordinal = (command: string): number => Number(/\d+(?:\.\d+)?$/.exec(command)?.[0] ?? 0)

const ORIGIN: Readonly<Record<Compiler['from'], (found: Found) => string>> = {
  config: ({ family, version }) => `the config names ${family} ${version}`,
  'proc-version': ({ family, version }) => `/proc/version names ${family} ${version}`,
  'kernel-version': ({ family, version }) =>
    `neither the config nor /proc/version names a compiler; kernels of this version were mostly built by ${family} ${version}`,
}

const choice = (found: Found, command: string, exact: boolean): string => {
  if (exact || commandOf(found) === command) return `${command} builds the module`
  return `${command}, the nearest available, builds the module: features that the driver probes for may be missing`
}
