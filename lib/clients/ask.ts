// What a client asks for, and the proof that the registry reads it as the client means it.

import type { DriverName, Kind, Probe } from '../model/probe.ts'
import { quote } from '../model/text.ts'
import { malformed } from '../names/alphabet.ts'
import { parseProbe } from '../names/grammar.ts'
import type { LayoutId } from '../names/layouts.ts'
import type { HostFacts } from './facts.ts'

/** What a client is told to fetch, by its configuration. */
export interface Wanted {
  readonly driverVersion: string
  readonly driverName: DriverName
  readonly kind: Kind
}

/** What a client makes of a host. */
export type Identity = Pick<Probe, 'target' | 'kernelRelease' | 'kernelVersion'>

/** A client's request: the path as it stands in the request line, below the host of its default repository. */
export interface Ask extends Identity {
  readonly path: string
  readonly layout: LayoutId
}

export const probeAsked = (facts: HostFacts, wanted: Wanted, identity: Identity): Probe => ({
  driverVersion: wanted.driverVersion,
  arch: facts.machine,
  driverName: wanted.driverName,
  ...identity,
  kind: wanted.kind,
})

/** @throws {ProbeError} `malformed` where the grammar of names reads nothing, or something else, in that path. */
export function ask(path: string, probe: Probe): Ask {
  const { asked, layout } = parseProbe(path)
  if (!same(asked, probe)) throw malformed(`${quote(path)} reads as another probe than the client means`)
  const { target, kernelRelease, kernelVersion } = probe
  return { target, kernelRelease, kernelVersion, path, layout }
}

const same = (a: Probe, b: Probe): boolean =>
  a.driverVersion === b.driverVersion &&
  a.arch === b.arch &&
  a.driverName === b.driverName &&
  a.target === b.target &&
  a.kernelRelease === b.kernelRelease &&
  a.kernelVersion === b.kernelVersion &&
  a.kind === b.kind
