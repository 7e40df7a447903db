// What resolving a name needs: for those who redirect, those who deliver, and those who submit.

import { randomUUID } from 'node:crypto'
import { checkBuildable } from '../../lib/plan/buildable.ts'
import type { LocatePorts, ResolvePorts } from '../../lib/serve/resolve.ts'
import { budgets, bus, clientUrls, index, kernels, settings } from './ports.ts'

export const resolvePorts = (): ResolvePorts => ({
  ...locatePorts(),
  artifacts: clientUrls('artifactsBucket'),
  staging: clientUrls('stagingBucket'),
})

export function locatePorts(): LocatePorts {
  const current = settings()
  return {
    index: index(),
    kernels: kernels(),
    budgets: budgets(),
    bus: bus(),
    now: Date.now,
    newId: randomUUID,
    settings: current,
    check: (asked) => checkBuildable(current, asked),
  }
}
