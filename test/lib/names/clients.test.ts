import { describe, expect, test } from 'vitest'
import { bashLoaderIdentity } from '../../../lib/clients/bash-loader.ts'
import { type HostFacts, hostFacts, type RawFacts } from '../../../lib/clients/facts.ts'
import { falcoctlAsk } from '../../../lib/clients/falcoctl.ts'
import { reach } from '../../../lib/clients/reach.ts'
import { isProbeError } from '../../../lib/model/errors.ts'
import type { Kind, Probe } from '../../../lib/model/probe.ts'
import { parseProbe } from '../../../lib/names/grammar.ts'
import { VECTORS } from '../../support/names/vectors.ts'

/** One client of each generation that `reach` distinguishes. */
const CLIENTS: readonly [
  name: string,
  (facts: HostFacts, kind: Kind) => Pick<Probe, 'target' | 'kernelRelease' | 'kernelVersion'>,
][] = [
  ['falco-driver-loader of April 2020', (facts) => bashLoaderIdentity(facts, '0.22.99')],
  ['falco-driver-loader 0.23 to 0.32', (facts) => bashLoaderIdentity(facts, '0.32.2')],
  ['falco-driver-loader 0.33', (facts) => bashLoaderIdentity(facts, '0.33.1')],
  ['falco-driver-loader 0.34', (facts) => bashLoaderIdentity(facts, '0.34.1')],
  ['falco-driver-loader 0.35.0', (facts) => bashLoaderIdentity(facts, '0.35.0')],
  ['falco-driver-loader 0.35.1 to 0.36', (facts) => bashLoaderIdentity(facts, '0.36.2')],
  ['falcoctl 0.7.0 and 0.7.1', (facts, kind) => falcoctl(facts, kind, '0.7.1')],
  ['falcoctl 0.7.2 and 0.7.3', (facts, kind) => falcoctl(facts, kind, '0.7.3')],
  ['falcoctl 0.8 and 0.9', (facts, kind) => falcoctl(facts, kind, '0.9.1')],
  ['falcoctl 0.10 to 0.12', (facts, kind) => falcoctl(facts, kind, '0.12.2')],
  ['falcoctl 0.13 and later', (facts, kind) => falcoctl(facts, kind, '0.14.2')],
]
const falcoctl = (facts: HostFacts, kind: Kind, version: string) =>
  parseProbe(falcoctlAsk(facts, { driverVersion: '6.0.1+driver', driverName: 'falco', kind }, version)).asked

/** The facts of hosts that such a name may come from. */
function hostsOf(probe: Probe): RawFacts[] {
  const host = hostOf(probe)
  // Debian's own uname -v, or one without the package's version.
  const silent = { ...host, version: `#${probe.kernelVersion} SMP` }
  return probe.target === 'debian' && probe.kernelRelease.includes('.0-') ? [host, silent] : [host]
}

function hostOf({ target, arch, kernelRelease, kernelVersion }: Probe): RawFacts {
  const host = (id: string, version = `#${kernelVersion} SMP`, more: Partial<RawFacts> = {}): RawFacts => ({
    osRelease: `ID=${id}`,
    release: kernelRelease,
    version,
    machine: arch,
    ...more,
  })
  const [, version = ''] = /^1_v?(.*)$/.exec(kernelVersion) ?? []
  const [distribution = ''] = target.split('-')
  switch (distribution) {
    case 'ubuntu':
      return host('ubuntu', `#${kernelVersion}-Ubuntu SMP`)
    case 'debian':
      return debianHost(host, kernelRelease)
    case 'amazonlinux2':
      return host('amzn\nVERSION_ID="2"')
    case 'amazonlinux2022':
      return host('amzn\nVERSION_ID="2022"')
    case 'amazonlinux2023':
      return host('amzn\nVERSION_ID="2023"')
    case 'amazonlinux':
      return host('amzn\nVERSION_ID="2018.03"')
    case 'minikube':
      return host('buildroot', '#1 SMP', { etcVersion: `v${version}-1655407986-14197` })
    case 'talos':
      return host(`talos\nVERSION_ID=${kernelVersion.slice(2)}`, '#1 SMP')
    case 'bottlerocket': {
      const [id, variant] = version.split('-')
      return host(`bottlerocket\nVERSION_ID=${id}\nVARIANT_ID=${variant}-k8s-1.28`, '#1 SMP')
    }
    default:
      return host(target)
  }
}

/** Debian's `uname -r` has the ABI, and the package's version is in `uname -v`. */
function debianHost(
  host: (id: string, version?: string, more?: Partial<RawFacts>) => RawFacts,
  release: string,
) {
  const [, version = '', flavour = ''] =
    /^([\d.]+-\d\S*?)-((?:rt-|cloud-)?(?:amd64|arm64))$/.exec(release) ?? []
  return release.includes('.0-')
    ? host('debian', '#1 SMP Debian 4.9.320-2 (2022-06-30)')
    : host('debian', `#1 SMP Debian ${version} (2022-06-30)`, { release: `6.1.0-9-${flavour}` })
}

const asFalco = (path: string): Probe => ({ ...parseProbe(path).asked, driverName: 'falco' })

function computedBy(asked: Probe): string[] {
  const facts = hostsOf(asked).map(hostFacts)
  return CLIENTS.flatMap(([name, identify]) =>
    facts.some((host) => same(asked, () => identify(host, asked.kind))) ? [name] : [],
  )
}

function same(asked: Probe, identify: () => Pick<Probe, 'target' | 'kernelRelease' | 'kernelVersion'>) {
  try {
    const { target, kernelRelease, kernelVersion } = identify()
    return (
      target === asked.target &&
      kernelRelease === asked.kernelRelease &&
      kernelVersion === asked.kernelVersion
    )
  } catch (error) {
    if (isProbeError(error)) return false
    throw error
  }
}

describe('`reach` agrees with the names that clients compute', () => {
  test('every reachable name of the vectors is computed by exactly the clients that it lists', () => {
    for (const { path } of VECTORS) {
      const asked = asFalco(path)
      const said = reach(asked)
      if (said.tag === 'reachable') expect([path, computedBy(asked)]).toEqual([path, said.by])
    }
  })

  test('no unreachable name of the vectors is computed by a client, unless its kernel does not exist', () => {
    for (const { path } of VECTORS) {
      const asked = asFalco(path)
      const said = reach(asked)
      if (said.tag === 'unreachable' && !/^(no|every) kernel /.test(said.why))
        expect([path, computedBy(asked)]).toEqual([path, []])
    }
  })
})
