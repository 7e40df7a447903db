// The subject of a response: a probe, or a name that has not been resolved to a probe yet.

import type { ConfigHash, Probe } from '../model/probe.ts'
import type { Companion } from './file.ts'
import { format, type Name } from './grammar.ts'
import { formatConfigHash } from './layouts.ts'

export interface Subject {
  readonly file: string
  readonly driverVersion: string
  /** URL reference of the subject itself, or of a sidecar */
  path(companion?: Companion): string
}

export function subjectOf(asked: Probe | ConfigHash): Subject {
  const path = 'configMd5' in asked ? formatConfigHash(asked) : format(asked)
  return {
    file: path.slice(path.lastIndexOf('/') + 1),
    driverVersion: asked.driverVersion,
    path: (companion) => (companion === undefined ? path : `${path}.${companion}`),
  }
}

export const subjectOfName = (name: Name): Subject => subjectOf(name.tag === 'probe' ? name.probe : name)
