// Chooses the suite with the compiler for a kernel: the compiler that built the kernel, or else the nearest one.

import { isCompilerText } from '../../archives/roots.ts'
import { byDistanceTo, ordinal } from '../../kconfig/compiler.ts'
import { ProbeError } from '../../model/errors.ts'

export interface Available {
  readonly suite: string
  readonly stable: boolean
  /** e.g. `gcc-12`, `clang-14` */
  readonly command: string
  /** version of the package, e.g. `12.2.0-14+deb12u1` */
  readonly version: string
}

export interface Wanted {
  /** e.g. `gcc-12` or `gcc-4.8` */
  readonly command: string
  /** CONFIG_CC_VERSION_TEXT, the first line of `--version`: `gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0` */
  readonly text?: string | undefined
  /** the oldest usable compiler, if the wanted one is not available: `gcc-12` */
  readonly least?: string | undefined
  /** restricts the choice to this suite */
  readonly suite?: string
}

export interface Chosen extends Available {
  /** `text`: the same compiler. `major`: the same family and major version. `nearest`: another version of the family. */
  readonly match: 'text' | 'major' | 'nearest'
}

/**
 * Prefers, in this order: the compiler with that text; the command in the newest stable suite; the command in any other suite;
 * the nearest command of the family that is not older than `least`. Of two equally near commands, prefers the newer one, and
 * then a stable suite. `all`: from the oldest suite to the newest.
 * @throws {ProbeError} `headers-not-found`: no suite has a compiler of the family.
 */
export function chooseCompiler(all: readonly Available[], { command, text, least, suite }: Wanted): Chosen {
  const available = suite === undefined ? all : all.filter((one) => one.suite === suite)
  const named = preferred(available.filter((one) => one.command === command))
  const exact = named.find((one) => text !== undefined && isCompilerText(one, text))
  if (exact !== undefined) return { ...exact, match: 'text' }
  const isAble = (one: Available): boolean => least === undefined || ordinal(one.command) >= ordinal(least)
  const same = named.find(isAble)
  if (same !== undefined) return { ...same, match: 'major' }
  const family = command.replace(/-.*/, '')
  const others = available.filter((one) => one.command.startsWith(`${family}-`) && isAble(one))
  const order = byDistanceTo(command)
  const [near] = preferred(others).sort((a, b) => order(a.command, b.command))
  if (near !== undefined) return { ...near, match: 'nearest' }
  throw new ProbeError(
    'headers-not-found',
    `no suite that is configured has a ${least === undefined ? family : `${least}, or a newer one,`} to build with`,
  )
}

/**
 * Names of cross compilers end with `suffix`, e.g. `-aarch64-linux-gnu`. An empty suffix means the machine's own compiler.
 * Chooses the suite whose compiler a machine of the target would use. The suite's cross compiler has the same source, but not
 * always the same revision, and then the match is not `text`.
 * @throws {ProbeError} those of `chooseCompiler`.
 */
export function chooseCross(all: readonly Available[], wanted: Wanted, suffix: string): Chosen {
  const own = all.filter(({ command }) => OWN.test(command))
  const chosen = chooseCompiler(own, wanted)
  if (suffix === '' || chosen.command.startsWith('clang-')) return chosen
  const crossing = all.flatMap((one) => crossCompiler(one, suffix))
  const beside = crossing.filter((one) => one.suite === chosen.suite && one.command === chosen.command)
  return chooseCompiler(beside.length > 0 ? beside : crossing, wanted)
}

const OWN = /^(?:gcc|clang)-\d+(?:\.\d+)?$/

/** Takes the version of its source: `12.2.0-14` for `12.2.0-14cross1`. */
const crossCompiler = (one: Available, suffix: string): Available[] => {
  const command = one.command.slice(0, -suffix.length)
  if (!one.command.endsWith(suffix) || !OWN.test(command)) return []
  return [{ ...one, command, version: one.version.replace(/cross\d+$/, '') }]
}

/** Sorts stable suites first, and newer suites before older ones. */
const preferred = (available: readonly Available[]): Available[] =>
  available.toReversed().sort((a, b) => Number(b.stable) - Number(a.stable))
