// Finds facts of a host that cannot all be true. A probe built from such facts fits no kernel. Pure.

import { type Kconfig, stringOf } from '../kconfig/kconfig.ts'
import type { Arch } from '../model/probe.ts'
import { quote } from '../model/text.ts'
import { parseProcVersion } from './proc-version.ts'

export interface Contradiction {
  /** names of the two facts' fields: `config`, `machine`, `proc-version`, `release`, `version` */
  readonly between: readonly [string, string]
  /** the value of each fact, and what to do */
  readonly detail: string
}

export interface ContradictionFacts {
  /** `uname -r` */
  readonly release: string
  /** `uname -v` */
  readonly version: string
  /** `undefined`: an architecture for which no probes exist */
  readonly machine: Arch | undefined
  /** text of /proc/version */
  readonly procVersion?: string | undefined
  readonly config: Kconfig
}

/** Empty: all facts can belong to one kernel. */
export const contradictions = (facts: ContradictionFacts): Contradiction[] => [
  ...ofRelease(facts),
  ...ofPackage(facts),
  ...ofMachine(facts),
  ...ofProcVersion(facts),
]

type Check = false | readonly [one: string, other: string, says: string]

const found = (...checks: readonly Check[]): Contradiction[] =>
  checks
    .filter((check) => check !== false)
    .map(([one, other, says]) => ({
      between: [one, other],
      detail: `${says}. They are of two kernels: send all of them from one host, of the kernel that runs there`,
    }))

/** `5.10.52.1-3.cm1` has the numbers 5.10.52.1 and the rest `-3.cm1`. */
function partsOf(release: string): { readonly numbers: readonly number[]; readonly rest: string } {
  const [numbers = ''] = /^\d{1,4}(?:\.\d{1,6}){1,3}/.exec(release) ?? []
  return { numbers: numbers.split('.').map(Number), rest: release.slice(numbers.length) }
}

/** Checks the release against the config: distributions write it into several places there. */
function ofRelease({ release, config }: ContradictionFacts): Contradiction[] {
  const suffix = stringOf(config, 'LOCALVERSION') ?? ''
  const salt = stringOf(config, 'BUILD_SALT') ?? ''
  // Ubuntu's looks like "Ubuntu 5.4.0-1060.63~18.04.1-aws 5.4.151", for the release 5.4.0-1060-aws.
  const [, abi, flavour] =
    /^Ubuntu (\d[\d.]{0,20}-\d{1,6})[.\d~]{0,40}-([a-z0-9-]{1,40}) /.exec(
      stringOf(config, 'VERSION_SIGNATURE') ?? '',
    ) ?? []
  const says: (readonly [text: string, where: string])[] = [
    [config.headerVersion ?? '', 'its first comment'],
    [salt, 'CONFIG_BUILD_SALT'],
    [abi === undefined ? '' : `${abi}-${flavour}`, 'CONFIG_VERSION_SIGNATURE'],
  ]
  const [text, where] = says.find(([one]) => /^\d+\.\d/.test(one) && !canBe(one, release, suffix)) ?? []
  const ofConfig =
    text === undefined
      ? `the config makes releases that contain ${quote(suffix)} (CONFIG_LOCALVERSION)`
      : `the config is of kernel ${quote(text)} (${where})`
  const isContradiction = text !== undefined || !release.includes(suffix)
  return found(isContradiction && ['release', 'config', `${ofConfig}, and uname -r says ${quote(release)}`])
}

/**
 * Whether a kernel with the release `said` in its config can have the release `release`. Distributions with stable ABI names
 * write 0 for the last number (6.1.0-56-amd64 is 6.1.192, Ubuntu's 6.8.0-52 is 6.8.12). Distributions that choose the release
 * themselves may reuse the config of an older kernel (Clear Linux OS: 6.15.1 in 6.15.7-1591.native). Whoever rebuilds a kernel
 * may change everything after the numbers, except a package's number.
 */
function canBe(said: string, release: string, suffix: string): boolean {
  const [a, b] = [partsOf(said), partsOf(release)]
  const differs = [0, 1, 2, 3].find((i) => (a.numbers[i] ?? 0) !== (b.numbers[i] ?? 0))
  if (differs === undefined) return isPackageOf(a.rest, b.rest)
  if (differs < 2) return false
  if ((b.numbers[2] ?? 0) === 0) return true
  const namedByConfig = b.rest.replace(/\+$/, '') === suffix
  return a.rest === '' && !namedByConfig && (a.numbers[differs] ?? 0) < (b.numbers[differs] ?? 0)
}

/** `-147.57.1.el8_1.x86_64` and `-553.el8_10.x86_64` are two packages. If one text is a prefix of the other, the package is the same. */
const isPackageOf = (one: string, other: string): boolean =>
  !/^-\d/.test(one) || !/^-\d/.test(other) || one.startsWith(other) || other.startsWith(one)

/** Checks the package version, which Debian and its relatives write into `uname -v`: `#1 SMP Debian 6.1.192-2 (2026-09-30)`. */
function ofPackage({ version, release, config }: ContradictionFacts): Contradiction[] {
  const [, text] = / [A-Z][A-Za-z]{1,20} (?:\d:)?(\d{1,4}\.\d{1,4}\.\d{1,6})[-~+]/.exec(version) ?? []
  if (text === undefined) return []
  const { numbers } = partsOf(text)
  const same = (other: readonly number[]): boolean => [0, 1, 2].every((i) => numbers[i] === (other[i] ?? 0))
  const own = partsOf(release).numbers
  const ofAbi = own[0] === numbers[0] && own[1] === numbers[1] && (own[2] ?? 0) === 0
  const header = partsOf(config.headerVersion ?? '')
  const ofPackage = `uname -v is of a package of ${text}`
  return found(
    !same(own) && !ofAbi && ['release', 'version', `${ofPackage}, and uname -r says ${quote(release)}`],
    header.rest === '' &&
      header.numbers.length >= 3 &&
      !same(header.numbers) && [
        'version',
        'config',
        `${ofPackage}, and the config is of ${quote(config.headerVersion ?? '')} (its first comment)`,
      ],
  )
}

/** Architectures by folder of the kernel's `arch/`. */
const FOLDERS: ReadonlyMap<string, Arch> = new Map([
  ['x86', 'x86_64'],
  ['x86_64', 'x86_64'],
  ['arm64', 'aarch64'],
])
/** Architectures by the end of a release. */
const ENDS: ReadonlyMap<string, Arch> = new Map([
  ['x86_64', 'x86_64'],
  ['amd64', 'x86_64'],
  ['aarch64', 'aarch64'],
  ['arm64', 'aarch64'],
])

function ofMachine({ machine, release, config }: ContradictionFacts): Contradiction[] {
  const folder = config.headerArch
  const end = ENDS.get(/[.-](x86_64|amd64|aarch64|arm64)(?:\+\w{1,20})?$/.exec(release)?.[1] ?? '')
  if (machine === undefined) return []
  return found(
    folder !== undefined &&
      FOLDERS.get(folder) !== machine && [
        'machine',
        'config',
        `the config is of a kernel for ${folder} (its first comment), and uname -m says ${machine}`,
      ],
    end !== undefined &&
      end !== machine && [
        'machine',
        'release',
        `uname -r says ${quote(release)}, which is for ${end}, and uname -m says ${machine}`,
      ],
  )
}

/** Checks /proc/version, which contains both the release and the version. */
function ofProcVersion({ procVersion, release, version }: ContradictionFacts): Contradiction[] {
  const banner = procVersion === undefined ? undefined : parseProcVersion(procVersion)
  if (banner === undefined) return []
  const { version: own = version } = banner
  return found(
    banner.release !== release && [
      'release',
      'proc-version',
      `/proc/version is of kernel ${quote(banner.release)}, and uname -r says ${quote(release)}`,
    ],
    words(own) !== words(version) && [
      'version',
      'proc-version',
      `/proc/version says ${quote(own)}, and uname -v says ${quote(version)}`,
    ],
  )
}

const words = (text: string): string => text.trim().replace(/ {1,64}/g, ' ')
