// falcoctl's `driver install`: Falco's loader since January 2024 (Falco 0.37).

import { ProbeError } from '../model/errors.ts'
import { quote } from '../model/text.ts'
import { ubuntuFlavour } from '../names/aliases.ts'
import { fileOf } from '../names/file.ts'
import { type Ask, ask, type Identity, probeAsked, type Wanted } from './ask.ts'
import {
  AMAZON_TARGETS,
  bottlerocketVersion,
  debianRelease,
  minikubeVersion,
  withRelease,
  withTarget,
  withVersion,
} from './distributions.ts'
import type { HostFacts } from './facts.ts'
import { refuseUnasked, UNDETERMINED } from './falcoctl-choice.ts'
import { type FalcoctlRelease, parseRelease } from './falcoctl-release.ts'
import { since } from './version.ts'

/** Of Falco 0.45 (September 2026). It names hosts as 0.13.0 does, the newest whose source was read. */
export const CURRENT_FALCOCTL = '0.14.0'

const FIRST_NUMBER = /#(\d+)/
const SEMVER = /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/

/**
 * What falcoctl of `version` asks for. It escapes the driver version as in a query, and nothing else.
 * ProbeError: `malformed`, it asks for a name that is none; `unsupported-kernel`, `unsupported-kind` and
 * `unknown-target`, it asks nothing on that host.
 */
export function falcoctlAsk(facts: HostFacts, wanted: Wanted, version = CURRENT_FALCOCTL): Ask {
  const probe = probeAsked(facts, wanted, falcoctlIdentity(facts, version))
  refuseUnasked({ ...probe, kernelRelease: facts.unameRelease }, version)
  const driverVersion = wanted.driverVersion.replaceAll('+', '%2B')
  return ask(`/driver/${driverVersion}/${probe.arch}/${fileOf(probe)}`, probe)
}

/**
 * What falcoctl of `version` makes of a host, whether or not it then asks: a distribution that it cannot tell is
 * `undetermined`.
 * @throws {ProbeError} `malformed`, `unsupported-kernel`, `unknown-target`.
 */
export function falcoctlIdentity(facts: HostFacts, version = CURRENT_FALCOCTL): Identity {
  const release = readRelease(facts.unameRelease, version)
  const target = idOf(facts, version)
  const common = { target, kernelRelease: release.text, kernelVersion: genericVersion(facts, version) }
  return ofDistribution(common, release, facts) ?? withTarget(common, UNDETERMINED)
}

/** To a release that it cannot read it holds the oldest kernels since 0.8.0, and finds it older than those. */
function readRelease(unameRelease: string, version: string): FalcoctlRelease {
  const release = parseRelease(unameRelease, version)
  if (release) return release
  const unread = `falcoctl ${version} cannot read the uname release ${quote(unameRelease)}`
  throw since(version, '0.8.0')
    ? new ProbeError('unsupported-kernel', `${unread} and asks nothing`)
    : new ProbeError('malformed', `${unread} and asks for a name without a release`)
}

/** /etc/VERSION makes a minikube of any host that has an ID. */
function idOf(facts: HostFacts, version: string): string {
  const id = facts.osRelease?.get('ID')
  if (id !== undefined) return minikubeVersion(facts) === undefined ? id.toLowerCase() : 'minikube'
  if (facts.osRelease === undefined || since(version, '0.8.0')) return UNDETERMINED
  throw new ProbeError('unknown-target', `falcoctl ${version} crashes on an os-release without ID`)
}

/** `undefined`: what this distribution needs is not in its os-release. */
function ofDistribution(common: Identity, release: FalcoctlRelease, facts: HostFacts): Identity | undefined {
  const variable = (name: string): string | undefined => facts.osRelease?.get(name)
  const versionId = variable('VERSION_ID')
  switch (common.target) {
    case 'minikube':
      return withVersion(common, `1_${minikubeVersion(facts)}`)
    case 'debian':
      return debian(common, release, facts)
    case 'ubuntu':
      return ubuntu(common, release, facts)
    case 'amzn':
      return versionId === undefined
        ? undefined
        : withTarget(common, AMAZON_TARGETS.get(versionId) ?? 'amazonlinux')
    case 'flatcar':
      return versionId === undefined ? undefined : withRelease(common, flatcarRelease(versionId))
    case 'talos':
      return versionId === undefined ? undefined : withVersion(common, `1_${versionId}`)
    case 'bottlerocket':
      return bottlerocket(common, versionId, variable('VARIANT_ID'))
    case 'cos':
      return variable('BUILD_ID') === undefined ? undefined : common
    default:
      return common
  }
}

/** The version is always 1 where the package's version is known. */
function debian(common: Identity, release: FalcoctlRelease, facts: HostFacts): Identity {
  const kernelRelease = debianRelease(release.extra, facts)
  return kernelRelease === undefined ? common : { ...common, kernelRelease, kernelVersion: '1' }
}

function ubuntu(common: Identity, release: FalcoctlRelease, { unameVersion }: HostFacts): Identity {
  const target = `ubuntu-${ubuntuFlavour(release.extra)}`
  return { ...common, target, kernelVersion: firstWord(unameVersion).replace(/-Ubuntu$/, '') }
}

function flatcarRelease(versionId: string): string {
  if (SEMVER.test(versionId)) return versionId
  throw new ProbeError(
    'unknown-target',
    'falcoctl crashes on a Flatcar whose VERSION_ID is no semantic version',
  )
}

const bottlerocket = (common: Identity, versionId?: string, variantId?: string): Identity | undefined =>
  versionId === undefined || variantId === undefined
    ? undefined
    : withVersion(common, bottlerocketVersion(versionId, variantId))

/** 0.7.0 and 0.7.1 took the whole first word, and with it what a vendor wrote behind the number. */
const genericVersion = ({ unameVersion }: HostFacts, version: string): string =>
  since(version, '0.7.2') ? (FIRST_NUMBER.exec(unameVersion)?.[1] ?? unameVersion) : firstWord(unameVersion)

const firstWord = (unameVersion: string): string => unameVersion.replace(/^#+/, '').split(' ')[0] ?? ''
