// What an answer is about: a probe, or a name of which it is not known yet which probe it means.

import type { Probe } from '../model/probe.ts'
import { type Companion, fileOf } from './file.ts'
import { format, type Name } from './grammar.ts'
import { formatConfigHash } from './layouts.ts'

export interface Subject {
  readonly file: string
  readonly driverVersion: string
  /** as a URL reference, of the subject itself or of what stands beside it */
  path(companion?: Companion): string
}

export const subjectOf = (probe: Probe): Subject => ({
  file: fileOf(probe),
  driverVersion: probe.driverVersion,
  path: (companion) => format(probe, companion),
})

export function subjectOfName(name: Name): Subject {
  if (name.tag === 'probe') return subjectOf(name.probe)
  const path = formatConfigHash(name)
  return {
    file: path.slice(path.lastIndexOf('/') + 1),
    driverVersion: name.driverVersion,
    path: (companion) => (companion === undefined ? path : `${path}.${companion}`),
  }
}
