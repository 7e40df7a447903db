// Implements the port Places on DynamoDB: one item in the table of budgets, with the owner of each place.

import * as z from 'zod'
import type { Clock, Place, Places } from '../model/ports.ts'
import { isOverdue } from '../model/retry.ts'
import type { Item } from './attributes.ts'
import { isWritten } from './conditional.ts'
import type { DynamoDb } from './dynamodb.ts'
import { itemAt } from './update.ts'

const stored = z.object({
  places: z.record(z.string(), z.object({ since: z.number(), until: z.number() })).optional(),
  /** moving average of the seconds that a build takes */
  seconds: z.number().optional(),
})

/** Weight of the last build in the moving average. */
const SHARE = 0.25

export function createPlaces(client: DynamoDb, table: string, now: Clock): Places {
  const item = itemAt(table, 'places')
  const read = async () => {
    const { Item } = await client.get({ ...item, ConsistentRead: true })
    return stored.parse(Item ?? {})
  }
  const update = (
    UpdateExpression: string,
    ConditionExpression: string,
    ExpressionAttributeNames: Readonly<Record<string, string>> | undefined,
    ExpressionAttributeValues: Item | undefined,
  ) => {
    const values = { ExpressionAttributeNames, ExpressionAttributeValues }
    return isWritten(client.update({ ...item, UpdateExpression, ConditionExpression, ...values }))
  }
  /** Frees the place of an owner that ended without a release. */
  const free = (id: string, until: number) =>
    update(
      'REMOVE places.#id',
      'places.#id.#until = :until',
      { '#id': id, '#until': 'until' },
      { ':until': until },
    )
  return {
    async take(place, until, limit) {
      const id = idOf(place)
      const { places } = await read()
      if (places === undefined)
        await update('SET places = :none', 'attribute_not_exists(places)', undefined, { ':none': {} })
      const old = Object.entries(places ?? {}).filter(([, { until }]) => isOverdue(until, now()))
      for (const [over, { until }] of old) await free(over, until)
      if (places?.[id] !== undefined && old.every(([over]) => over !== id)) return 'had'
      if (Object.keys(places ?? {}).length - old.length >= limit) return 'full'
      const got = await update(
        'SET places.#id = :place',
        'attribute_not_exists(places.#id) AND size(places) < :limit',
        { '#id': id },
        { ':place': { since: now(), until }, ':limit': limit },
      )
      return got ? 'taken' : 'full'
    },
    async release(place) {
      const id = idOf(place)
      const { places, seconds } = await read()
      const had = places?.[id]
      if (had === undefined) return false
      const took = Math.max(0, now() - had.since) / 1000
      const counts = place.test === undefined
      const mean = seconds === undefined ? took : seconds + SHARE * (took - seconds)
      return update(
        `${counts ? 'SET seconds = :mean ' : ''}REMOVE places.#id`,
        'attribute_exists(places.#id)',
        { '#id': id },
        counts ? { ':mean': Math.round(mean * 10) / 10 } : undefined,
      )
    },
    typicalSeconds: async () => (await read()).seconds,
  }
}

const idOf = ({ claim, test }: Place): string => (test === undefined ? claim : `${claim}/${test}`)
