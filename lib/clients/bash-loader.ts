// falco-driver-loader, Falco's loader from April 2020 to January 2024, and sysdig's copy of it.

import { ProbeError } from '../model/errors.ts'
import type { Kind, Probe } from '../model/probe.ts'
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
import { since } from './version.ts'

/**
 * The script as it was for some days between Falco 0.22.1 and 0.23.0, by a number that no release has. Its
 * folders were /kernel-module and /ebpf-probe.
 */
export const APRIL_2020 = '0.22.99'

const UBUNTU_TARGET = /-([a-zA-Z]+)(-.*)?$/
const UBUNTU_BACKPORT = /^#(\d+~[^-]*)-Ubuntu /

/**
 * What falco-driver-loader of Falco `version` (0.22.99 to 0.36.2) asks for; every `+` of its URL is `%2B`.
 * ProbeError: `malformed`, it asks for a name that is none; `unknown-target`, it gives up before asking.
 */
export function bashLoaderAsk(facts: HostFacts, wanted: Wanted, version = '0.36.2'): Ask {
  const probe = probeAsked(facts, wanted, bashLoaderIdentity(facts, version))
  return ask(`/${folder(probe, version)}/${fileOf(probe)}`.replaceAll('+', '%2B'), probe)
}

/**
 * The same of sysdig's scap-driver-loader (0.28.0 to 0.36.0): Falco's script of some months before, under
 * another folder, for the driver `scap`.
 * @throws {ProbeError} `unsupported-driver-name` for another.
 */
export function scapLoaderAsk(facts: HostFacts, wanted: Wanted, version = '0.36.0'): Ask {
  if (wanted.driverName !== 'scap')
    throw new ProbeError('unsupported-driver-name', 'scap-driver-loader loads the driver scap only')
  const probe = probeAsked(facts, wanted, bashLoaderIdentity(facts, falcoOfSysdig(version)))
  const arch = since(version, '0.30.0') ? `/${probe.arch}` : ''
  const path = `/scap-drivers/${probe.driverVersion}${arch}/${fileOf(probe)}`
  return ask(path.replaceAll('+', '%2B'), probe)
}

/** The Falco whose script names kernels as sysdig's of `version`. */
function falcoOfSysdig(version: string): string {
  if (since(version, '0.32.0')) return '0.35.1'
  if (since(version, '0.31.0')) return '0.34.0'
  return since(version, '0.30.0') ? '0.33.0' : '0.28.0'
}

function folder({ driverVersion, arch, kind }: Probe, version: string): string {
  if (version === APRIL_2020) return `${kind === 'kmod' ? 'kernel-module' : 'ebpf-probe'}/${driverVersion}`
  return since(version, FIRST_WITH_ARCH[kind]) ? `driver/${driverVersion}/${arch}` : `driver/${driverVersion}`
}

const FIRST_WITH_ARCH: Readonly<Record<Kind, string>> = { kmod: '0.32.1', ebpf: '0.32.2' }

/** What the script of Falco `version` makes of a host. ProbeError `unknown-target`. */
export function bashLoaderIdentity(facts: HostFacts, version: string): Identity {
  const id = idOf(facts, version)
  const kernelVersion = facts.unameVersion.replace(/#(\d+).*/, '$1')
  const common = { target: id.toLowerCase(), kernelRelease: facts.unameRelease, kernelVersion }
  const variable = (name: string): string => facts.osRelease?.get(name) ?? ''
  switch (id) {
    case 'amzn':
      return withTarget(common, amazon(variable('VERSION_ID'), version))
    case 'ubuntu':
      return ubuntu(common, facts, version)
    case 'debian':
      return since(version, '0.35.0') ? debian(common, facts, version) : common
    case 'flatcar':
      return since(version, '0.32.1') ? withRelease(common, variable('VERSION_ID')) : common
    case 'minikube':
      return since(version, '0.33.0') ? minikube(common, facts) : common
    case 'bottlerocket': {
      const kernelVersion = bottlerocketVersion(variable('VERSION_ID'), variable('VARIANT_ID'))
      return since(version, '0.34.0') ? withVersion(common, kernelVersion) : common
    }
    case 'talos':
      return since(version, '0.35.0') ? withVersion(common, `1_${variable('VERSION_ID')}`) : common
    default:
      return common
  }
}

/** An os-release without ID leaves the target empty: `falco__5.15.96_1.ko`. */
function idOf({ osRelease, etcVersion }: HostFacts, version: string): string {
  if (osRelease === undefined) {
    const minikubeOnly = etcVersion !== undefined && since(version, '0.28.0') && !since(version, '0.33.0')
    if (minikubeOnly) return 'minikube'
    throw new ProbeError(
      'unknown-target',
      `falco-driver-loader ${version} asks nothing without an os-release`,
    )
  }
  return etcVersion !== undefined && since(version, '0.33.0') ? 'minikube' : (osRelease.get('ID') ?? '')
}

function amazon(versionId: string, version: string): string {
  const known = since(version, '0.35.0') || versionId === '2'
  return (known ? AMAZON_TARGETS.get(versionId) : undefined) ?? 'amazonlinux'
}

/** 0.35.0 forgot cloud and rt: such a host asked for the probe of another kernel. */
function debian(common: Identity, facts: HostFacts, version: string): Identity {
  const release = facts.unameRelease
  const seen = since(version, '0.35.1') ? release : release.replace(/-(?:rt|cloud)-(?=amd64|arm64)/, '-')
  return withRelease(common, debianRelease(seen, facts) ?? release)
}

function minikube(common: Identity, facts: HostFacts): Identity {
  const version = minikubeVersion(facts)
  if (version !== undefined) return withVersion(common, `1_${version}`)
  throw new ProbeError('unknown-target', 'falco-driver-loader gives up on an /etc/VERSION without x.y.z')
}

/** `26~22.04.1` was cut to `26` until 0.35.1 (June 2023). */
function ubuntu(common: Identity, facts: HostFacts, version: string): Identity {
  const target = `ubuntu${ubuntuSuffix(facts.unameRelease, version)}`
  const backport = since(version, '0.35.1') ? UBUNTU_BACKPORT.exec(`${facts.unameVersion}`)?.[1] : undefined
  return { ...common, target, kernelVersion: backport?.split(/[ \\]/)[0] ?? common.kernelVersion }
}

function ubuntuSuffix(release: string, version: string): string {
  if (since(version, '0.35.1')) return `-${ubuntuFlavour(release)}`
  if (since(version, '0.33.0')) {
    const [, flavour = 'generic', behind = ''] = UBUNTU_TARGET.exec(release) ?? []
    return `-${flavour}${behind}`
  }
  if (release.includes('aws')) return '-aws'
  return version === APRIL_2020 ? '' : '-generic'
}
