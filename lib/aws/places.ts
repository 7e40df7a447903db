// The places of builds and load tests in DynamoDB: one item, beside the budgets, with who has each.

import * as z from 'zod'
import type { Clock, Place, Places } from '../model/ports.ts'
import { FURTHEST_DEADLINE, hasCome } from '../model/retry.ts'
import type { Item } from './attributes.ts'
import { ifHeld } from './conditional.ts'
import type { DynamoDb } from './dynamodb.ts'
import { TABLE_KEY } from './resources.ts'

const taken = z.object({ since: z.number(), until: z.number() })
type Taken = z.infer<typeof taken>

const stored = z.object({
  places: z.record(z.string(), taken).optional(),
  /** of builds, the newer the more it counts */
  seconds: z.number().optional(),
})

/** How much the last build counts. */
const SHARE = 0.25

export function createPlaces(client: DynamoDb, table: string, now: Clock): Places {
  const item = { TableName: table, Key: { [TABLE_KEY]: 'places' } }
  const read = async () => {
    const { Item } = await client.get({ ...item, ConsistentRead: true })
    return stored.parse(Item ?? {})
  }
  const update = (
    UpdateExpression: string,
    ConditionExpression: string,
    names: Readonly<Record<string, string>>,
    values: Item,
  ) =>
    ifHeld(
      client.update({
        ...item,
        UpdateExpression,
        ConditionExpression,
        ...(Object.keys(names).length === 0 ? {} : { ExpressionAttributeNames: names }),
        ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
      }),
    )
  /** Where its time is over: whoever took it has not told its end. */
  const free = (id: string, { until }: Taken) =>
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
        await update('SET places = :none', 'attribute_not_exists(places)', {}, { ':none': {} })
      const old = Object.entries(places ?? {}).filter(([, { until }]) =>
        hasCome(until, now(), FURTHEST_DEADLINE),
      )
      for (const [over, taken] of old) await free(over, taken)
      if (places?.[id] !== undefined && old.every(([over]) => over !== id)) return 'had'
      if (Object.keys(places ?? {}).length - old.length >= limit) return 'full'
      const got = await update(
        'SET places.#id = :place',
        'attribute_not_exists(places.#id) AND size(places) < :limit',
        { '#id': id },
        { ':place': { since: now(), until }, ':limit': limit },
      )
      return got === undefined ? 'full' : 'taken'
    },
    async release(place) {
      const id = idOf(place)
      const { places, seconds } = await read()
      const had = places?.[id]
      if (had === undefined) return false
      const took = Math.max(0, now() - had.since) / 1000
      const counts = place.test === undefined
      const mean = seconds === undefined ? took : seconds + SHARE * (took - seconds)
      const freed = await update(
        `${counts ? 'SET seconds = :mean ' : ''}REMOVE places.#id`,
        'attribute_exists(places.#id)',
        { '#id': id },
        counts ? { ':mean': Math.round(mean * 10) / 10 } : {},
      )
      return freed !== undefined
    },
    typicalSeconds: async () => (await read()).seconds,
  }
}

const idOf = ({ claim, test }: Place): string => (test === undefined ? claim : `${claim}/${test}`)
