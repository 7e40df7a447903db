// Asynchronous invocations: written to disk before they are accepted, retried until they succeed or are given up.

import { randomUUID } from 'node:crypto'
import { basename, join } from 'node:path'
import { type Faults, NO_FAULTS } from '../faults.ts'
import type { Queues } from '../sqs/sqs.ts'
import { listJson, readJson, remove, writeJson } from '../wire/files.ts'
import { isObject, type JsonObject, number, string } from '../wire/json.ts'
import type { Clock } from '../wire/types.ts'
import { type GivenUp, recordOf, sentOrLost } from './destination.ts'
import type { Fn, Functions } from './lambda.ts'
import { OF_ONE_MACHINE, type Pace } from './pace.ts'

export interface Deliveries {
  /** After it returns, the event survives the death of the process and reaches the function at least once. */
  accept(fn: Fn, event: JsonObject): void
  /** Resumes the deliveries that the last process left on disk. */
  recover(): void
  stop(): void
}

interface DeliveriesOptions {
  readonly dir: string
  readonly functions: Functions
  /** receive events that are given up */
  readonly queues: Pick<Queues, 'send'>
  readonly now: Clock
  readonly log: (line: string) => void
  readonly pace?: Pace
  readonly faults?: Faults
}

interface Delivery {
  readonly file: string
  readonly fn: Fn
  readonly event: JsonObject
  /** milliseconds since the epoch */
  readonly since: number
  /** failed invocations */
  readonly failures: number
  /** tries in a row that found no free execution; as in Lambda they are not failures; not written to disk */
  readonly throttles: number
}

/** Delay in milliseconds before the next try if the disk is full and the delivery cannot be written. */
const BROKEN_MS = 5000

export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const { dir, functions, queues, now, log, pace = OF_ONE_MACHINE, faults = NO_FAULTS } = options
  const timers = new Set<NodeJS.Timeout>()
  let stopped = false
  let broken = false

  const save = ({ file, fn, event, since, failures }: Delivery): void =>
    writeJson(file, { fn: fn.arn, event, since, failures })

  function accept(fn: Fn, event: JsonObject): void {
    const file = join(dir, `${String(now()).padStart(15, '0')}-${randomUUID()}.json`)
    const delivery = { file, fn, event, since: now(), failures: 0, throttles: 0 }
    save(delivery)
    later(delivery, faults.delay())
  }

  function later(delivery: Delivery, ms: number): void {
    const timer = setTimeout(async () => {
      timers.delete(timer)
      try {
        await deliver(delivery)
        broken = false
      } catch (error) {
        if (stopped) return
        if (!broken) log(`events cannot be recorded, and are tried again: ${String(error)}`)
        broken = true
        later(delivery, BROKEN_MS)
      }
    }, ms)
    timers.add(timer)
  }

  /**
   * A crash after the function succeeded and before the file is removed delivers the event again.
   * A crash after the queue got the record and before the file is removed sends the record twice.
   */
  async function deliver(delivery: Delivery): Promise<void> {
    const { fn, file, failures } = delivery
    const outcome = await fn.invoke(delivery.event)
    if (stopped) return
    if (outcome.tag === 'answer') return remove(file)
    const condition = end(delivery, outcome.tag)
    if (condition !== undefined) {
      giveUp(delivery, condition, outcome)
      return remove(file)
    }
    if (outcome.tag === 'throttled') {
      const throttles = delivery.throttles + 1
      return later({ ...delivery, throttles }, pace.afterThrottle(throttles))
    }
    const again = { ...delivery, failures: failures + 1, throttles: 0 }
    save(again)
    later(again, pace.afterFailure(again.failures))
  }

  function end({ fn, since, failures }: Delivery, tag: GivenUp['last']['tag']) {
    if (tag === 'failed' && failures >= fn.retries) return 'RetriesExhausted'
    return now() - since > fn.maxAge ? 'EventAgeExceeded' : undefined
  }

  /** Throws if the disk refuses: then the event is not given up yet. */
  function giveUp(
    { fn, file, event, failures }: Delivery,
    condition: GivenUp['condition'],
    last: GivenUp['last'],
  ): void {
    const invocations = last.tag === 'failed' ? failures + 1 : failures
    // The request id is the same for each try.
    const requestId = basename(file, '.json').replace(/^\d+-/, '')
    const record = recordOf(fn, { requestId, event, condition, invocations, last, at: now() })
    const why = last.tag === 'failed' ? last.message : 'there was no execution for it'
    const message = { body: JSON.stringify(record), attributes: {} }
    const end = sentOrLost('it', fn.onFailure, ({ queueArn, sender }) =>
      queues.send(queueArn, message, sender),
    )
    log(`${fn.name}: an event is given up (${condition} after ${invocations} tries): ${why}; ${end}`)
  }

  function load(file: string): Delivery | undefined {
    try {
      const { event, ...stored } = readJson(file) ?? {}
      if (!isObject(event)) throw new Error('is not an event')
      const fn = functions.find(string(stored.fn, 'fn'))
      const [since, failures] = [number(stored.since, 'since'), number(stored.failures, 'failures')]
      return { file, fn, event, since, failures, throttles: 0 }
    } catch (error) {
      log(`${file} is skipped: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }
  }

  return {
    accept: (fn, event) => {
      accept(fn, event)
      // AWS delivers at least once, in any order.
      if (faults.strikes('event-twice')) accept(fn, event)
    },
    recover: () => {
      for (const file of listJson(dir)) {
        const delivery = load(file)
        if (delivery !== undefined) later(delivery, 0)
      }
    },
    stop: () => {
      stopped = true
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
