// Stores one queue: each message is a file until it is deleted or expires.

import { randomUUID } from 'node:crypto'
import { basename, join } from 'node:path'
import { AwsError } from '../wire/aws-json.ts'
import { listJson, readJson, remove, writeJson } from '../wire/files.ts'
import { isObject, string } from '../wire/json.ts'
import type { Clock } from '../wire/types.ts'

export interface Message {
  readonly body: string
  /** string values by name */
  readonly attributes: Readonly<Record<string, string>>
}

export interface Received extends Message {
  readonly id: string
  /** token to delete or hide the message; each receive makes a new one and invalidates the old one */
  readonly receipt: string
  /** milliseconds since the epoch */
  readonly sent: number
  readonly receives: number
}

export interface Queue {
  /** Writes the message to disk, and returns its id. @throws {AwsError} if it is too long or the queue is full */
  send(message: Message): string
  /** Returns the oldest messages first, and hides them for `hiddenMs`. */
  receive(most: number, hiddenMs: number): readonly Received[]
  /** Returns false if the receipt is unknown or no longer valid. */
  remove(receipt: string): boolean
  /** Hides the message for `ms` from now; 0 shows it at once. Returns false as `remove` does. */
  hide(receipt: string, ms: number): boolean
  counts(): { readonly visible: number; readonly hidden: number }
}

interface QueueOptions {
  readonly dir: string
  readonly retentionMs: number
  /** maximum size of a message in bytes */
  readonly maxBytes: number
  /** maximum number of messages; AWS has no limit, but the disk of one machine is finite */
  readonly most?: number
  readonly now: Clock
  readonly log: (line: string) => void
}

const MOST = 10_000

/** A crash loses the receipts and shows all messages again: a queue delivers at least once. */
interface Kept {
  readonly id: string
  readonly file: string
  readonly sent: number
  receives: number
  receipt: string | undefined
  hiddenUntil: number
}

export function openQueue(options: QueueOptions): Queue {
  const { dir, retentionMs, maxBytes, most: room = MOST, now, log } = options
  const kept = new Map(listJson(dir).flatMap((file) => named(file).map((one) => [one.id, one])))

  function expire(): void {
    for (const one of kept.values()) if (now() - one.sent > retentionMs) drop(one)
  }
  function drop({ id, file }: Kept): void {
    remove(file)
    kept.delete(id)
  }
  const byReceipt = (receipt: string): Kept | undefined =>
    [...kept.values()].find((one) => one.receipt === receipt)

  function received(one: Kept, hiddenMs: number): Received[] {
    const message = read(one.file, log)
    one.hiddenUntil = now() + hiddenMs
    if (message === undefined) return []
    one.receives += 1
    one.receipt = randomUUID()
    return [{ ...message, id: one.id, receipt: one.receipt, sent: one.sent, receives: one.receives }]
  }
  return {
    send: (message) => {
      expire()
      if (sizeOf(message) > maxBytes)
        throw new AwsError('InvalidParameterValue', `a message has ${maxBytes} bytes at most`)
      if (kept.size >= room)
        throw new AwsError('OverLimit', `the queue holds ${room} messages, which is all that it keeps`)
      const [id, sent] = [randomUUID(), now()]
      const file = join(dir, `${String(sent).padStart(15, '0')}-${id}.json`)
      writeJson(file, message)
      kept.set(id, { ...UNSEEN, id, file, sent })
      return id
    },
    receive: (most, hiddenMs) => {
      expire()
      const visible = [...kept.values()].filter(({ hiddenUntil }) => hiddenUntil <= now())
      return visible.slice(0, most).flatMap((one) => received(one, hiddenMs))
    },
    remove: (receipt) => {
      const one = byReceipt(receipt)
      if (one !== undefined) drop(one)
      return one !== undefined
    },
    hide: (receipt, ms) => {
      const one = byReceipt(receipt)
      if (one !== undefined) one.hiddenUntil = now() + ms
      return one !== undefined
    },
    counts: () => {
      expire()
      const hidden = [...kept.values()].filter(({ hiddenUntil }) => hiddenUntil > now()).length
      return { visible: kept.size - hidden, hidden }
    },
  }
}

/** Counts as SQS does: the body, and the names and values of attributes. */
const sizeOf = ({ body, attributes }: Message): number =>
  [body, ...Object.entries(attributes).flat()].reduce((sum, text) => sum + Buffer.byteLength(text), 0)

const UNSEEN = { receives: 0, receipt: undefined, hiddenUntil: 0 }

/** Parses the name that `send` gave the file. Files with other names are ignored. */
function named(file: string): Kept[] {
  const [, sent, id] = /^(\d{15})-([0-9a-f-]{36})\.json$/.exec(basename(file)) ?? []
  return id === undefined ? [] : [{ ...UNSEEN, id, file, sent: Number(sent) }]
}

function read(file: string, log: (line: string) => void): Message | undefined {
  try {
    const stored = readJson(file)
    if (stored === undefined) throw new Error('is not a message')
    const given = Object.entries(isObject(stored.attributes) ? stored.attributes : {})
    const attributes = Object.fromEntries(given.map(([name, value]) => [name, string(value, name)]))
    return { body: string(stored.body, 'body'), attributes }
  } catch (error) {
    log(`${file} is skipped: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}
