// Finds the clients that compute a name, or explains why none does. It inverts the rules of clients.ts.

import { isProbeError } from '../model/errors.ts'
import type { DriverName, Probe } from '../model/probe.ts'
import { amazonTarget, longUbuntuTarget, TARGET_ALIASES, ubuntuFlavour } from '../names/aliases.ts'
import type { ProbeLayout } from '../names/layouts.ts'
import { refuseUnasked, UNDETERMINED } from './falcoctl-choice.ts'
import { parseRelease } from './falcoctl-release.ts'

/** Groups of loaders that compute the same names, oldest first. The two programs share their history. */
const GENERATIONS: readonly Readonly<Partial<Record<DriverName, string>>>[] = [
  { falco: 'falco-driver-loader of April 2020' },
  { falco: 'falco-driver-loader 0.23 to 0.32', scap: 'scap-driver-loader 0.28 to 0.29' },
  { falco: 'falco-driver-loader 0.33', scap: 'scap-driver-loader 0.30' },
  { falco: 'falco-driver-loader 0.34', scap: 'scap-driver-loader 0.31' },
  { falco: 'falco-driver-loader 0.35.0' },
  { falco: 'falco-driver-loader 0.35.1 to 0.36', scap: 'scap-driver-loader 0.32 and later' },
  { falco: 'falcoctl 0.7.0 and 0.7.1', scap: 'falcoctl 0.7.0 and 0.7.1' },
  { falco: 'falcoctl 0.7.2 and 0.7.3', scap: 'falcoctl 0.7.2 and 0.7.3' },
  { falco: 'falcoctl 0.8 and 0.9', scap: 'falcoctl 0.8 and 0.9' },
  { falco: 'falcoctl 0.10 to 0.12', scap: 'falcoctl 0.10 to 0.12' },
  { falco: 'falcoctl 0.13 and later', scap: 'falcoctl 0.13 and later' },
]
/** Indices of GENERATIONS, named by the change that each introduced. */
const APRIL = 0
const RELEASED = 1
const FLAVOURS = 2
const BOTTLEROCKET = 3
const TALOS = 4
const WHOLE_VERSION = 5
const FALCOCTL = 6
const LAST = 10

/** falcoctl's version in each generation, beginning with FALCOCTL. */
const FALCOCTL_VERSIONS: readonly string[] = ['0.7.0', '0.7.2', '0.8.0', '0.10.0', '0.13.0']

/** The first and the last generation that use each layout. */
const LAYOUT_SPANS: Readonly<Record<ProbeLayout, readonly [number, number]>> = {
  current: [RELEASED, LAST],
  escaped: [RELEASED, LAST],
  flat: [APRIL, RELEASED],
  scap: [FLAVOURS, LAST],
  'scap-flat': [RELEASED, RELEASED],
  'kernel-module': [APRIL, APRIL],
  'ebpf-probe': [APRIL, APRIL],
}

type Reach =
  | { readonly tag: 'reachable'; readonly by: readonly string[]; readonly as: readonly string[] }
  | { readonly tag: 'unreachable'; readonly why: string }

/** The generations that compute the name, or the reason why there are none. */
type Generations = readonly number[] | string

const span = (first: number, last = LAST): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i)

/**
 * Finds the clients that compute the name `asked`, in one layout or in any, and the targets that they write (`as`). A
 * canonical name counts as reachable if clients request only its alias (`redhat`). A name that no client computes is
 * unreachable, even if it leads to a probe.
 */
export function reach(asked: Probe, layout?: ProbeLayout): Reach {
  const verdict = generationsOf(asked)
  if (typeof verdict === 'string') return { tag: 'unreachable', why: verdict }
  const [first, last] = layout === undefined ? [APRIL, LAST] : LAYOUT_SPANS[layout]
  const by = verdict
    .filter((one) => one >= first && one <= last && (one < FALCOCTL || falcoctlAsks(asked, one)))
    .flatMap((generation) => GENERATIONS[generation]?.[asked.driverName] ?? [])
  if (by.length === 0)
    return { tag: 'unreachable', why: 'no client that computes this name uses this layout' }
  const aliases = [...TARGET_ALIASES].flatMap(([alias, target]) => (target === asked.target ? [alias] : []))
  return { tag: 'reachable', by, as: asked.target === 'redhat' ? aliases : [asked.target, ...aliases] }
}

const falcoctlAsks = (asked: Probe, generation: number): boolean =>
  unaskedBy(asked, FALCOCTL_VERSIONS[generation - FALCOCTL] ?? '') === undefined

/** Why falcoctl `version` never sends this request; `undefined`: it can send it. */
export function unaskedBy(asked: Probe, version: string): string | undefined {
  if (parseRelease(asked.kernelRelease, version)?.text !== asked.kernelRelease)
    return `falcoctl ${version} cannot read the kernel release ${asked.kernelRelease}, and sends no request`
  try {
    refuseUnasked(asked, version)
    return undefined
  } catch (error) {
    if (isProbeError(error)) return error.message
    throw error
  }
}

function generationsOf(probe: Probe): Generations {
  const { target, arch, kernelRelease } = probe
  const said = /[.-](x86_64|amd64|aarch64|arm64)$/.exec(kernelRelease)?.[1]
  if (said !== undefined && ['x86_64', 'amd64'].includes(said) !== (arch === 'x86_64'))
    return `a host with the kernel ${kernelRelease} does not request ${arch}`
  if (target === 'ubuntu' || target.startsWith('ubuntu-')) return ubuntu(probe)
  if (/^(?:amzn|amazonlinux(?:|2|2022|2023))$/.test(target)) return amazon(probe)
  if (target !== target.toLowerCase()) return 'clients write the ID of os-release in lower case'
  switch (target) {
    case 'debian':
      return debian(probe)
    case 'minikube':
      return variant(probe, /^1_\d+\.\d+\.\d+$/, FLAVOURS, '1_{x.y.z of /etc/VERSION}')
    case 'bottlerocket':
      return variant(probe, /^1_[^_]+-[^_-]+$/, BOTTLEROCKET, '1_{VERSION_ID}-{VARIANT_ID up to "-"}')
    case 'talos':
      return variant(probe, /^1_[^_]+$/, TALOS, '1_{VERSION_ID}')
    case 'flatcar':
      return numbered(probe, /^\d+\.\d+\.\d+$/.test(kernelRelease) ? span(RELEASED) : span(APRIL, RELEASED))
    case UNDETERMINED:
      return "no client of Falco or sysdig sends a request for an unknown distribution; only this registry's own loader does, and then submits the kernel's config"
    case 'vanilla':
      return 'no os-release has the ID vanilla, the target of kernels without packages'
    case '':
      return numbered(probe, span(APRIL, WHOLE_VERSION))
    default:
      return numbered(probe, span(APRIL))
  }
}

/** Expects the number from `uname -v`. The first falcoctl kept the vendor's suffix. */
function numbered({ kernelVersion }: Probe, generations: readonly number[]): Generations {
  if (/^\d+$/.test(kernelVersion)) return generations
  if (/^\d[A-Za-z0-9.+~]*-[A-Za-z]+$/.test(kernelVersion)) return generations.filter((g) => g === FALCOCTL)
  return `clients write the number that follows # in uname -v, not ${kernelVersion}`
}

function variant({ target, kernelVersion }: Probe, form: RegExp, since: number, words: string): Generations {
  return form.test(kernelVersion) ? span(since) : `on ${target} clients write ${words}, not ${kernelVersion}`
}

/** These packages contain generic kernels, although their names look like flavours. */
const PACKAGES: readonly string[] = ['hwe', 'edge']

/** Incomplete releases, from the lists of driver builders. */
const CUT = /^5\.15\.0-\d+-intel$|^5\.(?:4|15)\.0-\d+-xilinx$/

function ubuntu(probe: Probe): Generations {
  const { target, kernelRelease, kernelVersion } = probe
  const flavour = ubuntuFlavour(kernelRelease)
  if (PACKAGES.includes(flavour))
    return `no kernel calls itself ${flavour}: the packages so named hold generic ones`
  if (CUT.test(kernelRelease))
    return `no kernel calls itself ${kernelRelease}: the end of its release is missing`
  if (/^[\d.]+-\d+$/.test(kernelRelease)) return 'every kernel of Ubuntu ends its release with its flavour'
  const generations = ubuntuGenerations(probe, flavour)
  if (generations.length > 0) return generations
  return target === `ubuntu-${flavour}`
    ? `clients write the number of uname -v, e.g. 26 or 26~22.04.1, not ${kernelVersion}`
    : `with the kernel ${kernelRelease} and version ${kernelVersion} clients ask for ubuntu-${flavour}`
}

function ubuntuGenerations({ target, kernelRelease, kernelVersion }: Probe, flavour: string): number[] {
  const aws = kernelRelease.includes('aws')
  const number = /^\d+$/.test(kernelVersion)
  const series = /^\d+~[^-]*$/.test(kernelVersion)
  const any = /^\d[A-Za-z0-9.+~]*$/.test(kernelVersion)
  return [
    ...(number && target === (aws ? 'ubuntu-aws' : 'ubuntu') ? [APRIL] : []),
    ...(number && target === (aws ? 'ubuntu-aws' : 'ubuntu-generic') ? [RELEASED] : []),
    ...(number && target === longUbuntuTarget(kernelRelease) ? span(FLAVOURS, TALOS) : []),
    ...((number || series) && target === `ubuntu-${flavour}` ? [WHOLE_VERSION] : []),
    ...(any && target === `ubuntu-${flavour}` ? span(FALCOCTL) : []),
  ]
}

/** `uname -r` without the package's version: `6.1.0-56`, `5.10.0-0.bpo.15`, `6.12.38+deb13`. */
const DEBIAN_ABI = /^\d+\.\d+\.(?:0-|\d+\+)/
const DEBIAN_PACKAGE = /^\d+\.\d+\.\d+-\d+([~+.][^-]*)?-((?:rt-|cloud-)?)(?:amd64|arm64)$/

function debian(probe: Probe): Generations {
  const { kernelRelease, kernelVersion } = probe
  const [, tail, flavour] = DEBIAN_PACKAGE.exec(kernelRelease) ?? []
  const generations = (first: number, last: number): Generations =>
    kernelVersion === '1' ? span(first, last) : numbered(probe, span(first, Math.min(last, WHOLE_VERSION)))
  // Later clients request this only if uname -v lacks the package's version.
  if (DEBIAN_ABI.test(kernelRelease)) return numbered(probe, span(APRIL))
  if (tail !== undefined)
    return `clients end the package's version before ${tail}, with the digits of its revision`
  if (flavour === undefined) return generations(APRIL, LAST)
  return generations(flavour === '' ? TALOS : WHOLE_VERSION, LAST)
}

function amazon(probe: Probe): Generations {
  const { target, kernelRelease } = probe
  if (target === 'amzn') return 'clients translate the ID amzn, with VERSION_ID, to amazonlinux{,2,2022,2023}'
  const own = amazonTarget(kernelRelease) ?? target
  const late = own === 'amazonlinux2022' || own === 'amazonlinux2023'
  if (own === target) return numbered(probe, span(late ? TALOS : APRIL))
  if (late && target === 'amazonlinux') return numbered(probe, span(APRIL, BOTTLEROCKET))
  return `with the kernel ${kernelRelease} clients ask for ${own}`
}
