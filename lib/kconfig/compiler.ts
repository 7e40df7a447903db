// Which compiler built a kernel, and which available one builds a module for it.

import { ProbeError } from '../model/errors.ts'
import { isOn, type Kconfig, numberOf, stringOf } from './kconfig.ts'

type Family = 'gcc' | 'clang'

export interface Compiler {
  /** of the compiler that built the kernel */
  readonly family: Family
  /** of the compiler that built the kernel, e.g. `12.2.0`; of a guess only `12` */
  readonly version: string
  /** builds the module: one of the available commands */
  readonly command: string
  readonly from: 'config' | 'proc-version' | 'kernel-version'
  /** `command` is of the family and the major version that built the kernel, and not guessed */
  readonly exact: boolean
  /** human-readable */
  readonly text: string
}

type Found = Pick<Compiler, 'family' | 'version' | 'from'>

interface CompilerFacts {
  readonly config: Kconfig
  /** `/proc/version` as a client sent it: any text */
  readonly procVersion?: string | undefined
  readonly kernelRelease: string
  /** what the build image has, e.g. `gcc-12`, `gcc-4.8`, `clang-14` */
  readonly commands: readonly string[]
}

/** The command that built the kernel, available or not: by the config, else by `/proc/version`, else a guess. */
export const builtBy = (facts: Omit<CompilerFacts, 'commands'>): string => commandOf(foundIn(facts))

const foundIn = ({ config, procVersion, kernelRelease }: Omit<CompilerFacts, 'commands'>): Found =>
  ofConfig(config) ?? ofProcVersion(procVersion?.slice(0, 1024) ?? '') ?? guessed(config, kernelRelease)

/** The same with the nearest available command. ProbeError `misconfigured` for no commands. */
export function compilerOf({ commands, ...facts }: CompilerFacts): Compiler {
  const found = foundIn(facts)
  const command = nearest(found, commands)
  const exact = found.from !== 'kernel-version' && commandOf(found) === command
  return { ...found, command, exact, text: `${ORIGIN[found.from](found)}; ${choice(found, command, exact)}` }
}

/** CC_IS_CLANG exists from 4.18 on. Before, Android's kernels that clang built have options that gcc cannot do. */
const familyIn = (config: Kconfig): Family =>
  CLANGS.some((option) => isOn(config, option)) ? 'clang' : 'gcc'
const CLANGS = ['CC_IS_CLANG', 'LTO_CLANG', 'CFI_CLANG']

/** What scripts/dummy-tools/gcc says of itself, by which distributions make configs where no compiler is: 20.0.0. */
const DUMMY = 200_000

/** e.g. 120200 for 12.2.0: GCC_VERSION and CLANG_VERSION, from 4.18 on; the one that was not used is 0. */
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

/** The first line of `--version`: "gcc-12 (Debian 12.2.0-14) 12.2.0", "Debian clang version 14.0.6". */
function ofFirstLine(text: string): Found | undefined {
  const clang = /clang version (\d{1,3}\.\d{1,3}\.\d{1,3})/.exec(text)
  if (clang !== null) return { family: 'clang', version: clang[1]!, from: 'config' }
  const gcc = /gcc.* (\d{1,3}\.\d{1,3}\.\d{1,3})\b/.exec(text.replace(/\([^()]*\)/g, ''))
  return gcc === null ? undefined : { family: 'gcc', version: gcc[1]!, from: 'config' }
}

/**
 * "(gcc version 7.3.0 (Ubuntu 7.3.0-16ubuntu3))" up to 5.7, "(gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld ...)"
 * from then on, "(clang version 14.0.6 ...)" in both: LINUX_COMPILER of scripts/mkcompile_h, and what became of it.
 */
function ofProcVersion(text: string): Found | undefined {
  const family: Family = /clang version \d/.test(text) ? 'clang' : 'gcc'
  const version =
    new RegExp(`${family} version (\\d{1,3}(?:\\.\\d{1,3}){1,2})`).exec(text)?.[1] ??
    /gcc[\w.-]{0,20} \([^()]{0,100}\) (\d{1,3}\.\d{1,3}\.\d{1,3})\b/.exec(text)?.[1]
  return version === undefined ? undefined : { family, version, from: 'proc-version' }
}

/** The usual compilers in the years of a series. A config or /proc/version knows better. */
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

/** As Debian names them: `gcc-12`, but `gcc-4.8`; `clang-14`. */
function commandOf({ family, version }: Pick<Found, 'family' | 'version'>): string {
  const [major = '', minor = ''] = version.split('.')
  return `${family}-${family === 'gcc' && Number(major) < 5 ? `${major}.${minor}` : major}`
}

/** Of two equally near the newer: a kernel's headers may use what an older compiler does not know. */
function nearest(found: Found, commands: readonly string[]): string {
  const family = commands.filter((command) => command.startsWith(`${found.family}-`))
  const wanted = ordinal(commandOf(found))
  const distance = (command: string): number => Math.abs(ordinal(command) - wanted)
  const [command] = (family.length > 0 ? family : [...commands]).sort(
    (a, b) => distance(a) - distance(b) || ordinal(b) - ordinal(a),
  )
  if (command === undefined) throw new ProbeError('misconfigured', 'the build image has no compiler')
  return command
}

/** 12 of `gcc-12`, 4.8 of `gcc-4.8`. */
const ordinal = (command: string): number => Number(/\d+(?:\.\d+)?$/.exec(command)?.[0] ?? 0)

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
