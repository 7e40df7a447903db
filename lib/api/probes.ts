// The resources of probes: one of them, held until its build ends, and lists of them.

import * as z from 'zod'
import { ProbeError } from '../model/errors.ts'
import type { Clock, Index } from '../model/ports.ts'
import type { Settings } from '../model/settings.ts'
import { nameOf, probeOf } from '../names/grammar.ts'
import { follow } from '../serve/follow.ts'
import { parseFields } from './fields.ts'
import { type ProbeView, probeState } from './schemas.ts'
import { keyOfId, viewOf } from './view.ts'

export interface ProbesPorts {
  readonly index: Pick<Index, 'get' | 'list'>
  readonly now: Clock
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly settings: Settings
}

/** As the query string has them. */
export type Query = Readonly<Record<string, string | undefined>>

/** Seconds; an HTTP API gives up at 30. */
const MAX_WAIT = 25

export const oneQuery = z.strictObject({
  wait: z.coerce
    .number()
    .min(0)
    .max(MAX_WAIT)
    .default(0)
    .describe('seconds to wait for the end of a build that is running'),
})

export const listQuery = z.strictObject({
  release: z.string().max(128).optional().describe('kernel release, as it stands in the name'),
  target: z.string().max(64).optional(),
  driverVersion: z.string().max(128).optional(),
  state: probeState.optional(),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(50)
    .describe('probes that are looked at for one page'),
  cursor: z.string().max(1024).optional().describe('`next` of the page before'),
})

/** ProbeError `bad-field`, and `not-found` for a name that is not known to be of any probe. */
export async function oneProbe(ports: ProbesPorts, id: string, query: Query): Promise<ProbeView> {
  const { wait } = parseFields(oneQuery, query)
  const name = nameOf(keyOfId(id))
  const end = ports.now() + wait * 1000
  for (;;) {
    const { key, probe, state } = await follow(ports.index, name, { consistent: true })
    const building = state?.state === 'building' && state.deadline > ports.now()
    if (!building || ports.now() >= end) {
      if (probe !== undefined) return viewOf(key, state)
      throw new ProbeError('not-found', 'that name is not known to mean any probe')
    }
    await ports.sleep(ports.settings.hold.pollSeconds * 1000)
  }
}

/**
 * A page holds what of the probes that were looked at is asked for: it may be empty, and others still follow. Older names
 * of kernels are no probes. ProbeError `bad-field`.
 */
export async function listProbes(
  { index }: ProbesPorts,
  query: Query,
): Promise<{ probes: ProbeView[]; next?: string }> {
  const { release, target, driverVersion, state, limit, cursor } = parseFields(listQuery, query)
  if (cursor !== undefined) keyOfId(cursor, 'cursor')
  const { items, next } = await index.list({ release, cursor, limit })
  const probes = items.flatMap((item) => {
    if (item.state.state === 'alias' || nameOf(item.key).tag !== 'probe') return []
    const probe = probeOf(item.key)
    const asked =
      (target === undefined || probe.target === target) &&
      (driverVersion === undefined || probe.driverVersion === driverVersion)
    const view = asked ? [viewOf(item.key, item.state)] : []
    return view.filter((one) => state === undefined || one.state === state)
  })
  return next === undefined ? { probes } : { probes, next }
}
