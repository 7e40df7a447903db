// Where a probe stands in the queue, and when it is built by that.

import type { Index, Open, Places } from '../model/ports.ts'
import { isTest, queueOf } from '../model/queue.ts'
import type { Settings } from '../model/settings.ts'

export interface QueuePlace {
  /** from 1 */
  readonly position: number
  /** how many wait for their turn */
  readonly of: number
  /** until it is built; absent: no build has ended yet by which that could be told */
  readonly expectedSeconds?: number
}

/** Asked for by its key; `undefined`: it does not wait for its turn. */
export type PlaceOf = (key: string) => Promise<QueuePlace | undefined>

interface QueuePorts {
  readonly index: Pick<Index, 'open'>
  readonly places: Pick<Places, 'typicalSeconds'>
  readonly now: () => number
  readonly settings: Settings
}

/** As far as the queue is looked through; who stands behind that is told the end of it. */
const MANY = 500

/** Load tests that nobody waits for are no part of the queue that clients stand in. */
export async function placeInQueue(ports: QueuePorts, key: string): Promise<QueuePlace | undefined> {
  const open = await ports.index.open(MANY)
  const queue = queueOf(open, ports.now()).filter(isForClients)
  const position = queue.findIndex((one) => one.key === key) + 1
  if (position === 0) return undefined
  const typical = await ports.places.typicalSeconds()
  const rounds = Math.ceil(position / ports.settings.build.atOnce)
  return {
    position,
    of: queue.length,
    ...(typical === undefined ? {} : { expectedSeconds: Math.ceil((rounds + 1) * typical) }),
  }
}

const isForClients = ({ state }: Open): boolean => state.state === 'building' || !isTest(state)
