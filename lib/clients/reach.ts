// Who would ask for a name: the hosts that it could stand for are made up, and every client is tried on them.

import { isProbeError } from '../errors.ts'
import { canonical, keyOf, parse } from '../names/index.ts'
import type { Probe } from '../probe.ts'
import { CLIENTS, type Client } from './clients.ts'
import { type HostFacts, hostFacts, type RawFacts } from './facts.ts'
import { falcoctlIdentity } from './falcoctl.ts'

export type Reach =
  /** `facts`: of a host on which that client asks for this very probe, by this or another of its names */
  | { readonly tag: 'asked'; readonly by: readonly { client: Client; facts: HostFacts; path: string }[] }
  /** `instead`: target, release and version that today's client asks for on the host that comes nearest */
  | { readonly tag: 'never'; readonly why: string; readonly instead: string | undefined }

/** Ubuntu's packages linux-*-hwe-* are a way to newer kernels, whose releases end in their flavour. */
const NO_UBUNTU_RELEASE = /-(?:hwe|edge)$/

const DEBIAN_PACKAGE_RELEASE = /^(\d+\.\d+)\.(?!0-)\d+-\d[^-]*(?:-(?:rt|cloud))?-(?:amd64|arm64)$/
const ANY_DEBIAN_PACKAGE = '6.1.1-1'
const DEBIAN_FLAVOUR = /(?:-(?:rt|cloud))?-(?:amd64|arm64)$/

/** Pure and total: which clients, on which hosts, would ask for a probe of that name. */
export function reach(probe: Probe): Reach {
  if (probe.target.startsWith('ubuntu') && NO_UBUNTU_RELEASE.test(probe.kernelRelease))
    return { tag: 'never', why: 'no kernel of Ubuntu has a uname release that ends so', instead: undefined }
  const hosts = hostsOf(probe)
  const by = hosts.flatMap((facts) => CLIENTS.flatMap((client) => asker(client, facts, probe)))
  if (by.length > 0) return { tag: 'asked', by }
  const instead = hosts.map(askedToday).find((name) => name !== undefined)
  return { tag: 'never', why: 'no client makes that name of a host', instead }
}

function asker(client: Client, facts: HostFacts, probe: Probe) {
  const name = orNothing(() => {
    const { path } = client.asks(facts, probe)
    return { path, read: parse(path) }
  })
  const found = name?.read.tag === 'probe' && keyOf(name.read.probe) === keyOf(canonical(probe))
  return name !== undefined && found ? [{ client, facts, path: name.path }] : []
}

const askedToday = (facts: HostFacts): string | undefined =>
  orNothing(() => {
    const { target, kernelRelease, kernelVersion } = falcoctlIdentity(facts)
    return `${target}_${kernelRelease}_${kernelVersion}`
  })

function orNothing<T>(from: () => T): T | undefined {
  try {
    return from()
  } catch (error) {
    if (isProbeError(error)) return undefined
    throw error
  }
}

/** Hosts that the name could stand for; none where its parts can be no host's. */
function hostsOf(probe: Probe): HostFacts[] {
  const raw = rawOf(probe)
  const host = orNothing(() => hostFacts({ machine: probe.arch, ...raw }))
  return host ? [host] : []
}

function rawOf({ target, kernelRelease, kernelVersion }: Probe): Omit<RawFacts, 'machine'> {
  const [family] = target.split('-')
  const plain = { osRelease: `ID=${target}`, release: kernelRelease, version: `#${kernelVersion} SMP` }
  const rest = kernelVersion.replace(/^1_/, '')
  switch (family) {
    case 'ubuntu':
      return { ...plain, osRelease: 'ID=ubuntu', version: `#${kernelVersion}-Ubuntu SMP` }
    case 'debian':
      return debianHost(plain, kernelRelease, kernelVersion)
    case 'minikube':
      return { ...plain, osRelease: 'ID=buildroot', version: '#1 SMP', etcVersion: `v${rest}` }
    case 'talos':
      return { ...plain, osRelease: `ID=talos\nVERSION_ID=${rest}`, version: '#1 SMP' }
    case 'bottlerocket':
      return { ...plain, osRelease: bottlerocket(rest), version: '#1 SMP' }
    case 'flatcar':
      // The name does not say the uname release; any will do.
      return { ...plain, osRelease: `ID=flatcar\nVERSION_ID=${kernelRelease}`, release: '6.1.0-flatcar' }
    default:
      return { ...plain, osRelease: osReleaseOf(target) }
  }
}

function bottlerocket(version: string): string {
  const at = version.lastIndexOf('-')
  return `ID=bottlerocket\nVERSION_ID=${version.slice(0, at)}\nVARIANT_ID=${version.slice(at + 1)}-k8s-1.28`
}

function osReleaseOf(target: string): string {
  const [, year] = /^amazonlinux(\d*)$/.exec(target) ?? []
  if (year !== undefined) return `ID=amzn\nVERSION_ID=${year || '2018.03'}`
  return `ID=${IDS.get(target) ?? target}`
}

const IDS: ReadonlyMap<string, string> = new Map([
  ['redhat', 'rhel'],
  ['opensuse', 'opensuse-leap'],
])

/**
 * A package's version and flavour come from `uname -v`, and the ABI in `uname -r` could be any. A release of
 * `uname -r` does not say the package's version; Debian's kernels always have one.
 */
function debianHost(plain: Omit<RawFacts, 'machine'>, release: string, version: string) {
  const [, series] = DEBIAN_PACKAGE_RELEASE.exec(release) ?? []
  const [flavour = ''] = DEBIAN_FLAVOUR.exec(release) ?? []
  if (series === undefined) return { ...plain, version: `#${version} SMP Debian ${ANY_DEBIAN_PACKAGE}` }
  const packageVersion = release.slice(0, release.length - flavour.length)
  return { ...plain, release: `${series}.0-1${flavour}`, version: `#${version} SMP Debian ${packageVersion}` }
}
