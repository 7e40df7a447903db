// The subject of a response: a probe, or a name that has not been resolved to a probe yet.

import type { Probe } from '../model/probe.ts'
import { type Companion, fileOf } from './file.ts'
import { format, type Name } from './grammar.ts'
import { formatConfigHash } from './layouts.ts'

export interface Subject {
  readonly file: string
  readonly driverVersion: string
  /** URL reference of the subject itself, or of a sidecar */
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
