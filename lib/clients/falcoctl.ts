// Computes the requests of falcoctl's `driver install`, Falco's loader since January 2024 (Falco 0.37).

import { ProbeError } from '../model/errors.ts'
import { quote } from '../model/text.ts'
import { AMAZON_TARGETS, ubuntuFlavour } from '../names/aliases.ts'
import { fileOf } from '../names/file.ts'
import { ask, type Identity, type Wanted } from './ask.ts'
import { bottlerocketVersion, debianRelease, minikubeVersion } from './distributions.ts'
import type { HostFacts } from './facts.ts'
import { refuseUnasked, UNDETERMINED } from './falcoctl-choice.ts'
import { type FalcoctlRelease, parseRelease } from './falcoctl-release.ts'
import { since } from './version.ts'

/** Part of Falco 0.45 (September 2026). It follows the rules of 0.13.0, the newest version whose source was read. */
export const CURRENT_FALCOCTL = '0.14.0'

const FIRST_NUMBER = /#(\d+)/
const SEMVER = /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/

/**
 * The request of falcoctl `version`. falcoctl escapes only the driver version, as in a query.
 * @throws {ProbeError} `malformed`: its request is not a valid name; `unsupported-kernel`, `unsupported-kind`,
 * `unknown-target`: it sends no request on that host.
 */
export function falcoctlAsk(facts: HostFacts, wanted: Wanted, version: string): string {
  const probe = { ...wanted, arch: facts.machine, ...falcoctlIdentity(facts, version) }
  refuseUnasked({ ...probe, kernelRelease: facts.unameRelease }, version)
  const driverVersion = wanted.driverVersion.replaceAll('+', '%2B')
  return ask(`/driver/${driverVersion}/${probe.arch}/${fileOf(probe)}`, probe)
}

/**
 * The kernel's part of the name, even if falcoctl then sends no request. Unknown distributions are `undetermined`.
 * @throws {ProbeError} `malformed`, `unsupported-kernel`, `unknown-target`.
 */
export function falcoctlIdentity(facts: HostFacts, version = CURRENT_FALCOCTL): Identity {
  const release = readRelease(facts.unameRelease, version)
  const target = idOf(facts, version)
  const common = { target, kernelRelease: release.text, kernelVersion: genericVersion(facts, version) }
  return { ...common, ...(ofDistribution(common.target, release, facts) ?? { target: UNDETERMINED }) }
}

/** Since 0.8.0, falcoctl treats a release that it cannot parse as older than the oldest supported kernel. */
function readRelease(unameRelease: string, version: string): FalcoctlRelease {
  const release = parseRelease(unameRelease, version)
  if (release) return release
  const unread = `falcoctl ${version} cannot read the uname release ${quote(unameRelease)}`
  throw since(version, '0.8.0')
    ? new ProbeError('unsupported-kernel', `${unread} and sends no request`)
    : new ProbeError('malformed', `${unread} and asks for a name without a release`)
}

/** falcoctl treats any host with an ID and a version in /etc/VERSION as minikube. */
function idOf(facts: HostFacts, version: string): string {
  const id = facts.osRelease?.get('ID')
  if (id !== undefined) return minikubeVersion(facts) === undefined ? id.toLowerCase() : 'minikube'
  if (facts.osRelease === undefined || since(version, '0.8.0')) return UNDETERMINED
  throw new ProbeError('unknown-target', `falcoctl ${version} crashes on an os-release without ID`)
}

/** Members of the name that differ on this distribution; `undefined`: os-release lacks a variable that the name needs. */
function ofDistribution(
  target: string,
  release: FalcoctlRelease,
  facts: HostFacts,
): Partial<Identity> | undefined {
  const variable = (name: string): string | undefined => facts.osRelease?.get(name)
  const versionId = variable('VERSION_ID')
  switch (target) {
    case 'minikube':
      return { kernelVersion: `1_${minikubeVersion(facts)}` }
    case 'debian':
      return debian(release, facts)
    case 'ubuntu':
      return ubuntu(release, facts)
    case 'amzn':
      return versionId === undefined ? undefined : { target: AMAZON_TARGETS.get(versionId) ?? 'amazonlinux' }
    case 'flatcar':
      return versionId === undefined ? undefined : { kernelRelease: flatcarRelease(versionId) }
    case 'talos':
      return versionId === undefined ? undefined : { kernelVersion: `1_${versionId}` }
    case 'bottlerocket':
      return bottlerocket(versionId, variable('VARIANT_ID'))
    case 'cos':
      return variable('BUILD_ID') === undefined ? undefined : {}
    default:
      return {}
  }
}

/** The kernel version is always 1 if the package's version is known. */
function debian(release: FalcoctlRelease, facts: HostFacts): Partial<Identity> {
  const kernelRelease = debianRelease(release.extra, facts)
  return kernelRelease === undefined ? {} : { kernelRelease, kernelVersion: '1' }
}

const ubuntu = (release: FalcoctlRelease, { unameVersion }: HostFacts): Partial<Identity> => ({
  target: `ubuntu-${ubuntuFlavour(release.extra)}`,
  kernelVersion: firstWord(unameVersion).replace(/-Ubuntu$/, ''),
})

function flatcarRelease(versionId: string): string {
  if (SEMVER.test(versionId)) return versionId
  throw new ProbeError('unknown-target', 'falcoctl crashes on a Flatcar VERSION_ID that is not semantic')
}

const bottlerocket = (versionId?: string, variantId?: string): Partial<Identity> | undefined =>
  versionId === undefined || variantId === undefined
    ? undefined
    : { kernelVersion: bottlerocketVersion(versionId, variantId) }

/** 0.7.0 and 0.7.1 used the complete first word, including the vendor's suffix. */
const genericVersion = ({ unameVersion }: HostFacts, version: string): string =>
  since(version, '0.7.2') ? (FIRST_NUMBER.exec(unameVersion)?.[1] ?? unameVersion) : firstWord(unameVersion)

const firstWord = (unameVersion: string): string => unameVersion.replace(/^#+/, '').split(' ')[0] ?? ''
