// A client's request, and the check that the registry parses it as the client means it.

import { isDeepStrictEqual } from 'node:util'
import type { DriverName, Kind, Probe } from '../model/probe.ts'
import { quote } from '../model/text.ts'
import { malformed } from '../names/alphabet.ts'
import { parseProbe } from '../names/grammar.ts'
import type { LayoutId } from '../names/layouts.ts'
import type { HostFacts } from './facts.ts'

/** The driver that a client is configured to fetch. */
export interface Wanted {
  readonly driverVersion: string
  readonly driverName: DriverName
  readonly kind: Kind
}

/** The kernel's part of a name, as a client computes it from a host. */
export type Identity = Pick<Probe, 'target' | 'kernelRelease' | 'kernelVersion'>

/** A client's request: the path in the request line, with its default repository. */
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

/** @throws {ProbeError} `malformed`: the path does not name a probe, or names a different one. */
export function ask(path: string, probe: Probe): Ask {
  const { asked, layout } = parseProbe(path)
  if (!isDeepStrictEqual(asked, probe))
    throw malformed(`${quote(path)} reads as another probe than the client means`)
  const { target, kernelRelease, kernelVersion } = probe
  return { target, kernelRelease, kernelVersion, path, layout }
}
