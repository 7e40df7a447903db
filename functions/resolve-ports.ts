// What resolving a name needs: for those who redirect and those who deliver.

import { randomUUID } from 'node:crypto'
import { checkBuildable } from '../lib/buildable.ts'
import type { ResolvePorts } from '../lib/resolve.ts'
import { budgets, bus, clientUrls, index, kernels, settings } from './environment.ts'

export function resolvePorts(): ResolvePorts {
  const current = settings()
  return {
    index: index(),
    kernels: kernels(),
    budgets: budgets(),
    bus: bus(),
    artifacts: clientUrls('artifactsBucket'),
    staging: clientUrls('stagingBucket'),
    now: Date.now,
    newId: randomUUID,
    settings: current,
    check: (asked) => checkBuildable(current, asked),
  }
}
