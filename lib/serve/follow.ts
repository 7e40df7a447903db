// Finds the probe of a name. An older name of a kernel leads to the current one.

import { ProbeError } from '../model/errors.ts'
import type { Index } from '../model/ports.ts'
import type { Probe, ProbeState } from '../model/probe.ts'
import { type ConfigHashName, keyOfName, type Name, probeOf } from '../names/grammar.ts'
import { type Subject, subjectOf } from '../names/subject.ts'

export type OwnState = Exclude<ProbeState, { state: 'alias' }>
export type Unpublished = Exclude<OwnState, { state: 'published' }>

export interface Found {
  /** key in the index: of this name, or of the probe that the name leads to */
  readonly key: string
  /** `ConfigHashName`: no plan has found the probe of this name yet */
  readonly asked: Probe | ConfigHashName
  readonly subject: Subject
  readonly state: OwnState | undefined
}

/** Reads one item, and a second one for an older name. @throws {ProbeError} `misconfigured`: a name leads to another name. */
export async function follow(
  index: Pick<Index, 'get'>,
  name: Name,
  options: { consistent?: boolean } = {},
): Promise<Found> {
  const key = keyOfName(name)
  const state = await index.get(key, options)
  if (state?.state !== 'alias') {
    const asked = name.tag === 'probe' ? name.probe : name
    return { key, asked, subject: subjectOf(asked), state }
  }
  const own = await index.get(state.of, options)
  if (own?.state === 'alias')
    throw new ProbeError(
      'misconfigured',
      `the name ${key} leads to a name: did something else than the registry write the table?`,
    )
  const asked = probeOf(state.of)
  return { key: state.of, asked, subject: subjectOf(asked), state: own }
}
