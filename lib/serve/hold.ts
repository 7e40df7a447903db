// A request that waits takes one of its caller's places, and one of its network's: one caller's waiting keeps nobody else out.

import { networkOf } from '../model/caller.ts'
import { ProbeError } from '../model/errors.ts'
import type { Clock, Holds, Lease, NewId } from '../model/ports.ts'
import type { Settings } from '../model/settings.ts'

export interface HoldPorts {
  readonly holds: Holds
  readonly newId: NewId
  readonly now: Clock
  readonly settings: Pick<Settings, 'hold' | 'cloud'>
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
  const places = placesOf(ports.settings, room, caller)
  // A crash from here on leaves places that are free again at the end of the lease.
  for (const [i, { holder, limit, who }] of places.entries()) {
    if (await ports.holds.take(holder, lease, limit)) continue
    await free(ports, places.slice(0, i), lease)
    throw new ProbeError(
      'too-many-waits',
      `${who} ${limit} requests waiting here already, which is all that it may: ask again once one of them is answered`,
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

interface HoldPlace {
  readonly holder: string
  readonly limit: number
  /** the words that its refusal begins with */
  readonly who: string
}

/**
 * Of all clients together, where no executions are kept for those who wait: a new account has ten for everything.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
const WAITS_OF_ALL = 4

function placesOf({ hold, cloud }: HoldPorts['settings'], room: Room, caller: string): HoldPlace[] {
  const [own, shared] =
    room === 'wait'
      ? [hold.waitsPerCaller, hold.waitsPerNetwork]
      : [hold.othersPerCaller, hold.othersPerNetwork]
  const network = networkOf(caller)
  const all: HoldPlace = { holder: 'all', limit: WAITS_OF_ALL, who: 'This registry has' }
  return [
    { holder: `${room}/${caller}`, limit: own, who: `${caller} has` },
    { holder: `${room}/${network}`, limit: shared, who: `${network} has` },
    ...(cloud.waitConcurrency === 0 ? [all] : []),
  ]
}
