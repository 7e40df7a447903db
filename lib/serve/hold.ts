// A request that waits takes one of its caller's places, and one of its network's: one caller's waiting keeps nobody else out.

import { networkOf } from '../model/caller.ts'
import { ProbeError } from '../model/errors.ts'
import type { Clock, Holds, Lease, NewId } from '../model/ports.ts'
import type { Settings } from '../model/settings.ts'

export interface HoldPorts {
  readonly holds: Holds
  readonly newId: NewId
  readonly now: Clock
  readonly settings: Pick<Settings, 'hold'>
}

/** Where requests are held: each is a function with a limit of its own on what it can do at one time. */
export type Room = 'wait' | 'direct' | 'v1' | 'submit'

export interface Waiting {
  readonly room: Room
  readonly caller: string
}

/** What a request may take longer than it meant to; its function is over by then. */
const LATE_MILLISECONDS = 8000

/** Does `work`, which takes at most until `end`, in a place of the caller's. ProbeError `too-many-waits` at once. */
export async function held<T>(
  ports: HoldPorts,
  { room, caller }: Waiting,
  end: number,
  work: () => Promise<T>,
): Promise<T> {
  const lease = { id: ports.newId(), until: end + LATE_MILLISECONDS }
  const { own, network } = limitsOf(ports.settings, room)
  const places = [
    { holder: `${room}/${caller}`, limit: own },
    { holder: `${room}/${networkOf(caller)}`, limit: network },
  ]
  // A crash from here on leaves places that are free again at the end of the lease.
  for (const [i, { holder, limit }] of places.entries()) {
    if (await ports.holds.take(holder, lease, limit)) continue
    await free(ports, places.slice(0, i), lease)
    throw new ProbeError(
      'too-many-waits',
      `${holder.slice(room.length + 1)} has ${limit} requests waiting here already, which is all that it may: ask again once one of them is answered`,
    )
  }
  try {
    return await work()
  } finally {
    await free(ports, places, lease)
  }
}

/** An answer that is there is not lost for a place that could not be freed: it is free at the end of its lease. */
async function free({ holds }: HoldPorts, places: readonly { holder: string }[], lease: Lease) {
  await Promise.allSettled(places.map(({ holder }) => holds.release(holder, lease)))
}

const limitsOf = ({ hold }: HoldPorts['settings'], room: Room) =>
  room === 'wait'
    ? { own: hold.waitsPerCaller, network: hold.waitsPerNetwork }
    : { own: hold.othersPerCaller, network: hold.othersPerNetwork }
