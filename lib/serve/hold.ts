// Limits how many requests of one caller, and of the caller's network, may wait at the same time.

import { networkOf } from '../model/caller.ts'
import { ProbeError } from '../model/errors.ts'
import type { Clock, Elapsed, Holds, Lease, NewId } from '../model/ports.ts'
import type { Settings } from '../model/settings.ts'

export interface HoldPorts {
  readonly holds: Holds
  readonly newId: NewId
  readonly now: Clock
  readonly settings: Pick<Settings, 'hold' | 'cloud'>
}

/** For requests that poll while they wait. */
export interface PollPorts extends HoldPorts {
  readonly elapsed: Elapsed
  readonly sleep: (milliseconds: number) => Promise<void>
}

export interface Waiting {
  /** the function that holds the request; each has its own limit */
  readonly room: 'wait' | 'direct' | 'v1' | 'submit'
  readonly caller: string
}

/** How late a request may end at most; after that its function has timed out. */
const LATE_MILLISECONDS = 8000

/** Runs `work`, which lasts until `end` at most, in one of the caller's places. @throws {ProbeError} `too-many-waits`, at once. */
export async function held<T>(
  ports: HoldPorts,
  waiting: Waiting,
  end: number,
  work: () => Promise<T>,
): Promise<T> {
  const lease = { id: ports.newId(), until: end + LATE_MILLISECONDS }
  // A crash after this line leaves the places taken until the lease ends.
  const taken: HoldPlace[] = []
  try {
    for (const place of placesOf(ports.settings, waiting)) {
      await take(ports, place, lease)
      taken.push(place)
    }
    return await work()
  } finally {
    // An error here must not lose the answer. The place becomes free at the end of its lease.
    await Promise.allSettled(taken.map(({ holder }) => ports.holds.release(holder, lease)))
  }
}

async function take({ holds }: HoldPorts, { holder, limit, who }: HoldPlace, lease: Lease): Promise<void> {
  if (await holds.take(holder, lease, limit)) return
  throw new ProbeError(
    'too-many-waits',
    `${who} ${limit} requests waiting here already, which is the limit: ask again when one of them is answered`,
  )
}

interface HoldPlace {
  readonly holder: string
  readonly limit: number
  /** first words of the refusal */
  readonly who: string
}

/**
 * Limit for all clients together if the settings reserve no executions for long polls. A new account has only ten for all
 * functions. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
const WAITS_OF_ALL = 4

function placesOf({ hold, cloud }: HoldPorts['settings'], { room, caller }: Waiting): HoldPlace[] {
  const [own, shared] =
    room === 'wait'
      ? [hold.waitsPerCaller, hold.waitsPerNetwork]
      : [hold.othersPerCaller, hold.othersPerNetwork]
  const network = networkOf(caller)
  const all = { holder: 'all', limit: WAITS_OF_ALL, who: 'This registry has' }
  return [
    { holder: `${room}/${caller}`, limit: own, who: `${caller} has` },
    { holder: `${room}/${network}`, limit: shared, who: `${network} has` },
    ...(cloud.waitConcurrency === 0 ? [all] : []),
  ]
}
