// Computes the position of a probe in the queue, and estimates when it will be built.

import type { Index, Open, Places } from '../model/ports.ts'
import { isTest, queueOf } from '../model/queue.ts'
import type { Settings } from '../model/settings.ts'

export interface QueuePlace {
  /** from 1 */
  readonly position: number
  /** length of the queue */
  readonly of: number
  /** seconds until it is built; absent: no build has ended yet, so there is no estimate */
  readonly expectedSeconds?: number
}

/** `undefined`: the key is not in the queue. */
export type PlaceOf = (key: string) => Promise<QueuePlace | undefined>

interface QueuePorts {
  readonly index: Pick<Index, 'open'>
  readonly places: Pick<Places, 'typicalSeconds'>
  readonly now: () => number
  readonly settings: Settings
}

/** Number of items that are read at most. */
const MANY = 500

/** Counts no load tests that no client waits for. */
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
