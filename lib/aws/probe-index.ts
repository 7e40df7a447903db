// Implements the port Index on DynamoDB: one item for each probe, and conditional writes that change only that item.

import { isProbeError } from '../model/errors.ts'
import type { Clock, Index, Open, Testing } from '../model/ports.ts'
import type { ProbeState } from '../model/probe.ts'
import { FURTHEST_DEADLINE, FURTHEST_RETRY, SIGN_MILLISECONDS } from '../model/retry.ts'
import { releaseIn } from '../names/grammar.ts'
import type { Item } from './attributes.ts'
import { ifHeld } from './conditional.ts'
import type { DynamoDb } from './dynamodb.ts'
import { claimIdOf, claimOf, stateOf } from './item.ts'
import {
  EXPIRES,
  OVERDUE_INDEX,
  OVERDUE_PARTITION,
  OVERDUE_SORT,
  RELEASE_INDEX,
  RELEASE_PARTITION,
  TABLE_KEY,
} from './resources.ts'
import { changing, FIRST, itemAt, NEXT } from './update.ts'

/** The only value of the sparse index's partition key. Only items in a build or load test have it. */
const OPEN = '1'

/** Attributes of a claim. The next state removes them. */
const OF_CLAIM = [
  ...['claimedAt', 'deadline', 'buildId', 'phase', 'test', 'caller', 'plannedAt', 'waitedAt', 'queuedAt'],
  ...['spared', OVERDUE_PARTITION],
]
/** Attributes of a probe that is verified but not published yet. */
const OF_PROBE = ['sha256', 'bytes']
/** Attributes that a published probe and an alias do not have; these never expire. */
const OF_SETTLED = [...OF_CLAIM, EXPIRES]
const OF_FAILURE = ['reason', 'detail', 'retryAt', 'logKey']

const HELD = '#state = :building AND claim = :claim'
const UNTESTED = '#state = :published AND claim = :claim AND attribute_not_exists(loadTest)'
const TESTABLE = `((${HELD}) OR (${UNTESTED}))`
const NEWER_TEST = '(attribute_not_exists(#test) OR #test < :set_test)'
/** The item is absent, or failed and due, or building past its deadline (lib/model/retry.ts, hasCome). */
const FREE =
  'attribute_not_exists(#state) OR (#state = :failed AND NOT retryAt BETWEEN :after AND :retry) OR (#state = :building AND NOT deadline BETWEEN :after AND :furthest)'

/** A conditional update of an item. */
interface Change {
  readonly when: string
  readonly set: Item
  readonly remove?: readonly string[]
  /** values of the condition's placeholders */
  readonly values: Item
}

export function createIndex(client: DynamoDb, table: string, now: Clock): Index {
  /** Returns the item after the change; `undefined`: the condition did not hold. */
  async function update(key: string, { when, set, remove, values }: Change) {
    const change = changing(set, remove)
    const updated = client.update({
      ...{ ...itemAt(table, key), ...change, ConditionExpression: when },
      ExpressionAttributeNames: { '#state': 'state', ...change.ExpressionAttributeNames },
      ExpressionAttributeValues: { ...change.ExpressionAttributeValues, ...values },
      ReturnValues: 'ALL_NEW',
    })
    return (await ifHeld(updated))?.Attributes
  }
  const isUpdated = async (key: string, change: Change): Promise<boolean> =>
    (await update(key, change)) !== undefined
  /** Finds open items whose deadline meets the condition, the nearest deadline first. */
  async function open(condition: string, moment: number, limit: number) {
    const found = await client.query({
      TableName: table,
      IndexName: OVERDUE_INDEX,
      KeyConditionExpression: `#open = :open AND ${condition}`,
      ExpressionAttributeNames: { '#open': OVERDUE_PARTITION, '#deadline': OVERDUE_SORT },
      ExpressionAttributeValues: { ':open': OPEN, ':moment': moment },
      Limit: limit,
    })
    return found.Items ?? []
  }
  return {
    async get(key, { consistent = false } = {}) {
      const { Item } = await client.get({ ...itemAt(table, key), ConsistentRead: consistent })
      return Item === undefined || isExpired(Item, now()) ? undefined : stateOf(key, Item)
    },
    async claim(key, { id, claimedAt, deadline, caller, expiresAt }) {
      const set = {
        ...{ state: 'building', claim: id, claimedAt, deadline, caller, attempt: NEXT },
        [OVERDUE_PARTITION]: OPEN,
        [RELEASE_PARTITION]: releaseIn(key),
        ...expiring(expiresAt),
      }
      const stale = OF_CLAIM.filter((name) => !(name in set) || (name === 'caller' && caller === undefined))
      const item = await update(key, {
        when: FREE,
        set,
        remove: [...stale, ...OF_PROBE, ...OF_FAILURE, ...lasting(expiresAt)],
        values: {
          ...{ ':failed': 'failed', ':building': 'building', ':after': claimedAt + 1 },
          ...{ ':retry': claimedAt + FURTHEST_RETRY, ':furthest': claimedAt + FURTHEST_DEADLINE },
        },
      })
      return item === undefined ? undefined : claimOf(key, item).attempt
    },
    async planned(key, claim, at) {
      const item = await update(key, { when: HELD, set: { plannedAt: at }, values: held(claim) })
      return item === undefined ? undefined : claimOf(key, item)
    },
    waited: (key, claim, at) =>
      isUpdated(key, {
        when: `${HELD} AND (attribute_not_exists(waitedAt) OR NOT waitedAt BETWEEN :a_sign_ago AND :set_waitedAt)`,
        set: { waitedAt: at },
        values: { ...held(claim), ':a_sign_ago': at - SIGN_MILLISECONDS + 1 },
      }),
    queued: (key, claim, at, deadline) =>
      isUpdated(key, {
        when: `${TESTABLE} AND attribute_not_exists(buildId)`,
        set: { queuedAt: { [FIRST]: at }, deadline },
        remove: [EXPIRES],
        values: testable(claim),
      }),
    started: (key, claim, { buildId, deadline }) =>
      isUpdated(key, {
        when: HELD,
        set: { buildId, deadline },
        remove: [EXPIRES, 'queuedAt'],
        values: held(claim),
      }),
    testing: (key, claim, { test, deadline, probe, buildId }) => {
      const asked = buildId === undefined
      return isUpdated(key, {
        when: `${TESTABLE} AND ${asked ? NEWER_TEST : '#test = :set_test'}`,
        // Only these two members, because callers may pass a complete state, and its other members would undo the requested test.
        set: { ...inTest({ test, deadline }), buildId, sha256: probe?.sha256, bytes: probe?.bytes },
        remove: [EXPIRES, 'queuedAt', ...(asked ? ['buildId'] : [])],
        values: testable(claim),
      })
    },
    spare: (key, claim, { test, buildId }) => {
      const build = buildId === undefined ? {} : { ':build': buildId }
      return isUpdated(key, {
        when: `${TESTABLE} AND test = :test${buildId === undefined ? '' : ' AND buildId = :build'}`,
        set: { spared: NEXT },
        remove: ['buildId'],
        values: { ...testable(claim), ':test': test, ...build },
      })
    },
    publish: (key, claim, publication, testing) => {
      const set = { state: 'published', ...publication, ...(testing === undefined ? {} : inTest(testing)) }
      const remove = OF_SETTLED.filter((name) => !(name in set))
      return isUpdated(key, { when: HELD, set, remove, values: held(claim) })
    },
    fail: (key, claim, { expiresAt, ...failure }) =>
      isUpdated(key, {
        when: HELD,
        set: { state: 'failed', ...failure, ...expiring(expiresAt) },
        remove: [...OF_CLAIM, ...OF_PROBE, ...lasting(expiresAt)],
        values: held(claim),
      }),
    alias: (key, claim, of) =>
      isUpdated(key, {
        when: HELD,
        set: { state: 'alias', of },
        remove: [...OF_SETTLED, ...OF_PROBE],
        values: held(claim),
      }),
    verdict: (key, claim, loadTest) =>
      isUpdated(key, {
        when: UNTESTED,
        set: { loadTest },
        remove: OF_CLAIM,
        values: { ':claim': claim, ':published': 'published' },
      }),
    async list({ release, cursor, limit }) {
      const start = cursor === undefined ? undefined : { [TABLE_KEY]: keyAt(cursor) }
      const found = await (release === undefined
        ? client.scan({ TableName: table, Limit: limit, ExclusiveStartKey: start })
        : client.query({
            TableName: table,
            IndexName: RELEASE_INDEX,
            KeyConditionExpression: '#release = :release',
            ExpressionAttributeNames: { '#release': RELEASE_PARTITION },
            ExpressionAttributeValues: { ':release': release },
            Limit: limit,
            ExclusiveStartKey: start && { ...start, [RELEASE_PARTITION]: release },
          }))
      const last = found.LastEvaluatedKey?.[TABLE_KEY]
      const items = (found.Items ?? []).flatMap(itemOf)
      return last === undefined ? { items } : { items, next: Buffer.from(String(last)).toString('base64url') }
    },
    async overdue(now, limit) {
      const past = await open('#deadline <= :moment', now, limit)
      // Deadlines that were written before the clock was set back.
      const ahead =
        past.length < limit
          ? await open('#deadline > :moment', now + FURTHEST_DEADLINE, limit - past.length)
          : []
      return [...past, ...ahead].flatMap(overdueOf)
    },
    async open(limit) {
      return (await open('#deadline > :moment', 0, limit)).flatMap(openOf)
    },
  }
}

/** DynamoDB deletes an item hours or days after its expiry. Until then it counts as absent. */
const isExpired = ({ [EXPIRES]: seconds }: Item, now: number): boolean =>
  typeof seconds === 'number' && seconds * 1000 <= now

const expiring = (expiresAt: number | undefined): Item =>
  expiresAt === undefined ? {} : { [EXPIRES]: Math.ceil(expiresAt / 1000) }
/** Attributes to remove from an item that does not expire. */
const lasting = (expiresAt: number | undefined): string[] => (expiresAt === undefined ? [EXPIRES] : [])

const inTest = ({ test, deadline }: Omit<Testing, 'probe'>): Item => ({
  ...{ phase: 'load-test', test, deadline },
  [OVERDUE_PARTITION]: OPEN,
})

const held = (claim: string): Item => ({ ':claim': claim, ':building': 'building' })
const testable = (claim: string): Item => ({ ...held(claim), ':published': 'published' })

/** The last key of the previous page. */
const keyAt = (cursor: string): string => Buffer.from(cursor, 'base64url').toString('latin1')

const itemOf = (item: Item): { key: string; state: ProbeState }[] =>
  unlessCorrupt(item, (key) => ({ key, state: stateOf(key, item) }))

const openOf = (item: Item): Open[] =>
  itemOf(item).flatMap(({ key, state }) =>
    state.state === 'building' || state.state === 'published' ? [{ key, state }] : [],
  )

const overdueOf = (item: Item): { key: string; claim: string }[] =>
  unlessCorrupt(item, (key) => ({ key, ...claimIdOf(key, item) }))

/** Skips corrupt items, so that one of them cannot block a sweep or a list. A GET of that probe reports the corruption. */
function unlessCorrupt<T>(item: Item, read: (key: string) => T): T[] {
  try {
    return [read(String(item[TABLE_KEY]))]
  } catch (error) {
    if (isProbeError(error, 'misconfigured')) return []
    throw error
  }
}
