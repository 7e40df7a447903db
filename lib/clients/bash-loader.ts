// Computes the requests of falco-driver-loader, Falco's loader from April 2020 to January 2024, and of sysdig's copy of it.

import { ProbeError } from '../model/errors.ts'
import type { Kind, Probe } from '../model/probe.ts'
import { AMAZON_TARGETS, ubuntuFlavour } from '../names/aliases.ts'
import { fileOf } from '../names/file.ts'
import { ask, type Identity, type Wanted } from './ask.ts'
import { bottlerocketVersion, debianRelease, minikubeVersion } from './distributions.ts'
import type { HostFacts } from './facts.ts'
import { since } from './version.ts'

/** Means the script that existed for some days between Falco 0.22.1 and 0.23.0. No release has this number. */
export const APRIL_2020 = '0.22.99'

const UBUNTU_TARGET = /-([a-zA-Z]+)(-.*)?$/
const UBUNTU_BACKPORT = /^#(\d+~[^-]*)-Ubuntu /

/**
 * The request of falco-driver-loader of Falco `version` (0.22.99 to 0.36.2). Every `+` of its URL is written as `%2B`.
 * @throws {ProbeError} `malformed`: its request is not a valid name; `unknown-target`: it sends no request.
 */
export function bashLoaderAsk(facts: HostFacts, wanted: Wanted, version: string): string {
  const probe = { ...wanted, arch: facts.machine, ...bashLoaderIdentity(facts, version) }
  return ask(`/${folder(probe, version)}/${fileOf(probe)}`.replaceAll('+', '%2B'), probe)
}

/**
 * The request of sysdig's scap-driver-loader (0.28.0 to 0.36.0). It is a copy of Falco's script, some months older, with
 * another folder.
 * @throws {ProbeError} `unsupported-driver-name`: it loads only the driver `scap`.
 */
export function scapLoaderAsk(facts: HostFacts, wanted: Wanted, version: string): string {
  if (wanted.driverName !== 'scap')
    throw new ProbeError('unsupported-driver-name', 'scap-driver-loader loads the driver scap only')
  const probe = { ...wanted, arch: facts.machine, ...bashLoaderIdentity(facts, falcoOfSysdig(version)) }
  const arch = since(version, '0.30.0') ? `/${probe.arch}` : ''
  const path = `/scap-drivers/${probe.driverVersion}${arch}/${fileOf(probe)}`
  return ask(path.replaceAll('+', '%2B'), probe)
}

/** The version of Falco whose script names kernels in the same way. */
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

/** The kernel's part of the name. @throws {ProbeError} `unknown-target`. */
export function bashLoaderIdentity(facts: HostFacts, version: string): Identity {
  const id = idOf(facts, version)
  const kernelVersion = facts.unameVersion.replace(/#(\d+).*/, '$1')
  const common = { target: id.toLowerCase(), kernelRelease: facts.unameRelease, kernelVersion }
  return { ...common, ...ofDistribution(id, facts, version) }
}

/** Members of the name that differ on this distribution. */
function ofDistribution(id: string, facts: HostFacts, version: string): Partial<Identity> {
  const variable = (name: string): string => facts.osRelease?.get(name) ?? ''
  switch (id) {
    case 'amzn':
      return { target: amazon(variable('VERSION_ID'), version) }
    case 'ubuntu':
      return ubuntu(facts, version)
    case 'debian':
      return since(version, '0.35.0') ? { kernelRelease: debian(facts, version) } : {}
    case 'flatcar':
      return since(version, '0.32.1') ? { kernelRelease: variable('VERSION_ID') } : {}
    case 'minikube':
      return since(version, '0.33.0') ? { kernelVersion: minikube(facts) } : {}
    case 'bottlerocket':
      return since(version, '0.34.0')
        ? { kernelVersion: bottlerocketVersion(variable('VERSION_ID'), variable('VARIANT_ID')) }
        : {}
    case 'talos':
      return since(version, '0.35.0') ? { kernelVersion: `1_${variable('VERSION_ID')}` } : {}
    default:
      return {}
  }
}

/** Without an ID in os-release the target is empty: `falco__5.15.96_1.ko`. */
function idOf({ osRelease, etcVersion }: HostFacts, version: string): string {
  if (osRelease === undefined) {
    const minikubeOnly = etcVersion !== undefined && since(version, '0.28.0') && !since(version, '0.33.0')
    if (minikubeOnly) return 'minikube'
    throw new ProbeError(
      'unknown-target',
      `falco-driver-loader ${version} sends no request without an os-release`,
    )
  }
  return etcVersion !== undefined && since(version, '0.33.0') ? 'minikube' : (osRelease.get('ID') ?? '')
}

function amazon(versionId: string, version: string): string {
  const known = since(version, '0.35.0') || versionId === '2'
  return (known ? AMAZON_TARGETS.get(versionId) : undefined) ?? 'amazonlinux'
}

/** 0.35.0 dropped `cloud` and `rt`, so it requested the probe of another kernel. */
function debian(facts: HostFacts, version: string): string {
  const release = facts.unameRelease
  const seen = since(version, '0.35.1') ? release : release.replace(/-(?:rt|cloud)-(?=amd64|arm64)/, '-')
  return debianRelease(seen, facts) ?? release
}

function minikube(facts: HostFacts): string {
  const version = minikubeVersion(facts)
  if (version !== undefined) return `1_${version}`
  throw new ProbeError('unknown-target', 'falco-driver-loader gives up on an /etc/VERSION without x.y.z')
}

/** Before 0.35.1 (June 2023), the script cut `26~22.04.1` to `26`. */
function ubuntu({ unameRelease, unameVersion }: HostFacts, version: string): Partial<Identity> {
  const target = `ubuntu${ubuntuSuffix(unameRelease, version)}`
  const backport = since(version, '0.35.1') ? UBUNTU_BACKPORT.exec(unameVersion)?.[1] : undefined
  return backport === undefined ? { target } : { target, kernelVersion: backport.replace(/[ \\].*/s, '') }
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
