// From a name to the probe that it means: an older name of a kernel leads to the one of today.

import { ProbeError } from '../model/errors.ts'
import type { Index } from '../model/ports.ts'
import type { Probe, ProbeState } from '../model/probe.ts'
import { keyOfName, type Name, probeOf } from '../names/grammar.ts'

/** A state of its own, not a reference to another's. */
export type OwnState = Exclude<ProbeState, { state: 'alias' }>
export type Unpublished = Exclude<OwnState, { state: 'published' }>

export interface Found {
  /** under which the claim on this name, or the probe that it leads to, is kept */
  readonly key: string
  /** `undefined`: not known yet which probe the name means */
  readonly probe: Probe | undefined
  readonly state: OwnState | undefined
}

/** One read, and a second one for an older name. ProbeError `misconfigured` for a chain of them. */
export async function follow(
  index: Pick<Index, 'get'>,
  name: Name,
  options: { consistent?: boolean } = {},
): Promise<Found> {
  const key = keyOfName(name)
  const state = await index.get(key, options)
  if (state?.state !== 'alias') return { key, probe: name.tag === 'probe' ? name.probe : undefined, state }
  const own = await index.get(state.of, options)
  if (own?.state === 'alias')
    throw new ProbeError('misconfigured', `the name ${key} leads to a name: was the table written by hand?`)
  return { key: state.of, probe: probeOf(state.of), state: own }
}
