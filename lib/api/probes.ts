// Answers requests for one probe, also as a long poll until its build ends, and for lists of probes.

import * as z from 'zod'
import { ProbeError, unreachable } from '../model/errors.ts'
import type { Index } from '../model/ports.ts'
import type { FailureReason, ProbeState } from '../model/probe.ts'
import { isOverdue } from '../model/retry.ts'
import type { Settings } from '../model/settings.ts'
import { MAX_FILE } from '../names/file.ts'
import { DRIVER_VERSION, MAX_DRIVER_VERSION, nameOf } from '../names/grammar.ts'
import { type Found, follow, type OwnState } from '../serve/follow.ts'
import { held, type PollPorts } from '../serve/hold.ts'
import type { Sign } from '../serve/sign-of-life.ts'
import { decimal, parseFields } from './fields.ts'
import { listedState, type ProbeList, type ProbeView } from './schemas.ts'
import { keyOfId, viewOf } from './view.ts'

export interface ProbesPorts extends PollPorts {
  readonly index: Pick<Index, 'get' | 'list'>
  readonly sign: Sign
  readonly settings: Settings
}

/** Parameters of the query string. */
export type Query = Readonly<Record<string, string | undefined>>

/** In seconds. An HTTP API ends a request after 30. */
const MAX_WAIT = 25

export const oneQuery = z.strictObject({
  wait: decimal(0, MAX_WAIT).default(0).describe('seconds to wait for the end of a build that is running'),
})

/** Only values that can occur in a name. */
const PART = 'it is not made of A-Z a-z 0-9 . + ~ _ - as in a name (percent-encode + as %2B)'
const part = (pattern: RegExp, most = MAX_FILE) => z.string().max(most).regex(pattern, PART)

export const listQuery = z.strictObject({
  release: part(/^[0-9][A-Za-z0-9.+~_-]*$/)
    .optional()
    .describe('kernel release, as it stands in the name')
    .meta({ examples: ['6.1.192-2-amd64'] }),
  target: part(/^[A-Za-z0-9._-]+$/)
    .optional()
    .meta({ examples: ['rocky'] }),
  driverVersion: part(DRIVER_VERSION, MAX_DRIVER_VERSION)
    .optional()
    .meta({ examples: ['11.0.0+driver'] }),
  state: listedState.optional(),
  limit: decimal(1, 100).default(50).describe('probes that are looked at for one page'),
  cursor: z
    .string()
    .max(1024)
    .regex(/^[A-Za-z0-9_-]+$/, 'it is not one that this registry gave')
    .optional()
    .describe('`next` of the page before'),
})

/** @throws {ProbeError} `bad-field`, `too-many-waits`; `not-found`: the name is not resolved to a probe. */
export async function oneProbe(
  ports: ProbesPorts,
  id: string,
  query: Query,
  caller: string,
): Promise<ProbeView> {
  const { wait } = parseFields(oneQuery, query)
  const name = nameOf(keyOfId(id))
  const [end, began] = [ports.now() + wait * 1000, ports.elapsed()]
  const look = () => follow(ports.index, name, { consistent: true })
  const isOver = ({ state }: Found) =>
    state?.state !== 'building' ||
    isOverdue(state.deadline, ports.now()) ||
    ports.elapsed() - began >= wait * 1000
  const first = await look()
  const { key, asked, state } = isOver(first)
    ? first
    : await held(ports, { room: 'v1', caller }, end, () => untilOver(ports, look, isOver))
  if (!('tag' in asked)) return viewOf(key, state)
  throw new ProbeError('not-found', 'that name is not known to name any probe')
}

async function untilOver(
  { sleep, sign, settings }: ProbesPorts,
  look: () => Promise<Found>,
  isOver: (found: Found) => boolean,
): Promise<Found> {
  for (;;) {
    await sleep(settings.hold.pollSeconds * 1000)
    const found = await look()
    if (isOver(found)) return found
    if (found.state?.state === 'building') await sign(found.key, found.state)
  }
}

/** Lists only probes for which a build was started, so that requests for invented names cannot fill the lists. */
function isListed(state: ProbeState): state is OwnState {
  switch (state.state) {
    case 'published':
      return true
    case 'building':
      return state.buildId !== undefined
    case 'failed':
      return !UNBUILT.includes(state.reason)
    case 'alias':
      return false
    default:
      return unreachable(state)
  }
}

/** Failures that occur before a build. */
const UNBUILT: readonly FailureReason[] = [
  ...(['headers-not-found', 'driver-source-not-found', 'cannot-load', 'mirror-unreachable'] as const),
  ...(['no-room', 'plan-error', 'budget-spent'] as const),
]

const FILTERS = ['target', 'driverVersion', 'state'] as const

/**
 * Filters after the page is read, so a page may be empty although more pages follow. Omits aliases.
 * @throws {ProbeError} `bad-field`.
 */
export async function listProbes({ index }: ProbesPorts, query: Query): Promise<ProbeList> {
  const { release, limit, cursor, ...wanted } = parseFields(listQuery, query)
  if (cursor !== undefined) keyOfId(cursor, 'cursor')
  const { items, next } = await index.list({ release, cursor, limit })
  const probes = items
    .flatMap(({ key, state }) => (isListed(state) && nameOf(key).tag === 'probe' ? [viewOf(key, state)] : []))
    .filter((view) => FILTERS.every((name) => wanted[name] === undefined || wanted[name] === view[name]))
  return next === undefined ? { probes } : { probes, next }
}
