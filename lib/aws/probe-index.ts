// The index of probes in DynamoDB: one item a probe, conditional writes on that one item only.

import { isProbeError } from '../model/errors.ts'
import type { Clock, Index, Open, Testing } from '../model/ports.ts'
import type { ProbeState } from '../model/probe.ts'
import { FURTHEST_DEADLINE, FURTHEST_RETRY, SIGN_MILLISECONDS } from '../model/retry.ts'
import { releaseIn } from '../names/grammar.ts'
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

/** The one value of the sparse index's partition key: items have it only while they are built or tested. */
const OPEN = '1'

/** What a state leaves behind when the next one takes its place. */
const OF_CLAIM = [
  ...[
    'claimedAt',
    'deadline',
    'buildId',
    'phase',
    'test',
    'caller',
    'plannedAt',
    'waitedAt',
    'queuedAt',
    'spared',
  ],
  OVERDUE_PARTITION,
]
/** Of what was verified and is not published. */
const OF_PROBE = ['sha256', 'bytes']
/** What is published, or an alias, stays for good. */
const OF_SETTLED = [...OF_CLAIM, EXPIRES]
const OF_FAILURE = ['reason', 'detail', 'retryAt', 'logKey']

const HELD = '#state = :building AND claim = :claim'
const IDLE = 'attribute_not_exists(buildId)'
const UNTESTED = '#state = :published AND claim = :claim AND attribute_not_exists(loadTest)'
const TESTABLE = `((${HELD}) OR (${UNTESTED}))`
/** absent, failed and due, or building past its deadline (lib/model/retry.ts, hasCome) */
const FREE =
  'attribute_not_exists(#state) OR (#state = :failed AND NOT retryAt BETWEEN :after AND :retry) OR (#state = :building AND NOT deadline BETWEEN :after AND :furthest)'

export function createIndex(client: DynamoDb, table: string, now: Clock): Index {
  /** One conditional update; `undefined` when the condition did not hold. */
  async function update(
    key: string,
    condition: string,
    set: Attributes,
    remove: readonly string[],
    values: Attributes,
  ) {
    const { names, assignments, bound } = assign(set)
    const updated = client.update({
      TableName: table,
      Key: { [TABLE_KEY]: key },
      ConditionExpression: condition,
      UpdateExpression: `SET ${assignments.join(', ')}${removal(remove)}`,
      ExpressionAttributeNames: { '#state': 'state', ...names, ...removalNames(remove) },
      ExpressionAttributeValues: { ...bound, ...values },
      ReturnValues: 'ALL_NEW',
    })
    return (await ifHeld(updated))?.Attributes
  }
  /** What is open, by a condition on its deadline, the next one first. */
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
      const found = await client.get({
        TableName: table,
        Key: { [TABLE_KEY]: key },
        ConsistentRead: consistent,
      })
      const { Item } = found
      return Item === undefined || isExpired(Item, now()) ? undefined : stateOf(key, Item)
    },
    async claim(key, { id, claimedAt, deadline, caller, expiresAt }) {
      const set = {
        ...{ state: 'building', claim: id, claimedAt, deadline, caller },
        [OVERDUE_PARTITION]: OPEN,
        [RELEASE_PARTITION]: releaseIn(key),
        ...expiring(expiresAt),
      }
      const values = {
        ...{ ':failed': 'failed', ':building': 'building', ':after': claimedAt + 1 },
        ...{ ':retry': claimedAt + FURTHEST_RETRY, ':furthest': claimedAt + FURTHEST_DEADLINE },
      }
      const item = await update(
        key,
        FREE,
        { ...set, attempt: NEXT },
        [
          ...OF_CLAIM.filter((name) => !(name in set) || (name === 'caller' && caller === undefined)),
          ...OF_PROBE,
          ...OF_FAILURE,
          ...lasting(expiresAt),
        ],
        values,
      )
      return item === undefined ? undefined : claimOf(key, item).attempt
    },
    async planned(key, claim, at) {
      const item = await update(key, HELD, { plannedAt: at }, [], held(claim))
      return item === undefined ? undefined : claimOf(key, item)
    },
    async waited(key, claim, at) {
      const condition = `${HELD} AND (attribute_not_exists(waitedAt) OR NOT waitedAt BETWEEN :a_sign_ago AND :set_waitedAt)`
      const values = { ...held(claim), ':a_sign_ago': at - SIGN_MILLISECONDS + 1 }
      return (await update(key, condition, { waitedAt: at }, [], values)) !== undefined
    },
    async queued(key, claim, at, deadline) {
      const values = { ...held(claim), ':published': 'published' }
      const set = { queuedAt: { [FIRST]: at }, deadline }
      return (await update(key, `${TESTABLE} AND ${IDLE}`, set, [EXPIRES], values)) !== undefined
    },
    async started(key, claim, { buildId, deadline }) {
      const item = await update(key, HELD, { buildId, deadline }, [EXPIRES, 'queuedAt'], held(claim))
      return item !== undefined
    },
    async testing(key, claim, { test, deadline, probe, buildId }) {
      const asked = buildId === undefined
      const condition = `${TESTABLE} AND ${asked ? NEWER_TEST : '#test = :set_test'}`
      const values = { ...held(claim), ':published': 'published' }
      // Of what it is a test of nothing else, though more should come: a whole state would undo the test that is asked for.
      const measured = probe && { sha256: probe.sha256, bytes: probe.bytes }
      const set = { ...inTest({ test, deadline }), buildId, ...measured }
      const gone = [EXPIRES, 'queuedAt', ...(asked ? ['buildId'] : [])]
      return (await update(key, condition, set, gone, values)) !== undefined
    },
    async spare(key, claim, { test, buildId }) {
      const runs = buildId === undefined ? '' : ' AND buildId = :build'
      const values = {
        ...{ ...held(claim), ':published': 'published', ':test': test },
        ...(buildId === undefined ? {} : { ':build': buildId }),
      }
      const condition = `${TESTABLE} AND test = :test${runs}`
      return (await update(key, condition, { spared: NEXT }, ['buildId'], values)) !== undefined
    },
    async publish(key, claim, publication, testing) {
      const set = { state: 'published', ...publication, ...(testing === undefined ? {} : inTest(testing)) }
      const gone = OF_SETTLED.filter((name) => !(name in set))
      return (await update(key, HELD, set, gone, held(claim))) !== undefined
    },
    async fail(key, claim, { expiresAt, ...failure }) {
      const set = { state: 'failed', ...failure, ...expiring(expiresAt) }
      const gone = [...OF_CLAIM, ...OF_PROBE, ...lasting(expiresAt)]
      const item = await update(key, HELD, set, gone, held(claim))
      return item !== undefined
    },
    async alias(key, claim, of) {
      const item = await update(key, HELD, { state: 'alias', of }, [...OF_SETTLED, ...OF_PROBE], held(claim))
      return item !== undefined
    },
    async verdict(key, claim, loadTest) {
      const values = { ':claim': claim, ':published': 'published' }
      return (await update(key, UNTESTED, { loadTest }, OF_CLAIM, values)) !== undefined
    },
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
      // Of before the clock was set back.
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

/** DynamoDB deletes what has expired hours or days later: until then it is looked past. */
const isExpired = ({ [EXPIRES]: seconds }: Record<string, unknown>, now: number): boolean =>
  typeof seconds === 'number' && seconds * 1000 <= now

const expiring = (expiresAt: number | undefined): Attributes =>
  expiresAt === undefined ? {} : { [EXPIRES]: Math.ceil(expiresAt / 1000) }
/** What is removed where nothing expires. */
const lasting = (expiresAt: number | undefined): string[] => (expiresAt === undefined ? [EXPIRES] : [])

/** The key that a page ended with. */
const keyAt = (cursor: string): string => Buffer.from(cursor, 'base64url').toString('latin1')

function itemOf(item: Record<string, unknown>): { key: string; state: ProbeState }[] {
  const key = String(item[TABLE_KEY])
  return unlessByHand(() => ({ key, state: stateOf(key, item) }))
}

function openOf(item: Record<string, unknown>): Open[] {
  return itemOf(item).flatMap(({ key, state }) =>
    state.state === 'building' || state.state === 'published' ? [{ key, state }] : [],
  )
}

function overdueOf(item: Record<string, unknown>): { key: string; claim: string }[] {
  const key = String(item[TABLE_KEY])
  return unlessByHand(() => ({ key, ...claimIdOf(key, item) }))
}

/** An item that was written by hand must not keep all others from the sweep or a list; a GET of it says what it is. */
function unlessByHand<T>(read: () => T): T[] {
  try {
    return [read()]
  } catch (error) {
    if (isProbeError(error, 'misconfigured')) return []
    throw error
  }
}

type Attributes = Readonly<Record<string, unknown>>

/** Stands for "one more than it was". */
const NEXT = Symbol('next')
/** `{ [FIRST]: value }` stands for "what it was, and this where it was nothing". */
const FIRST = Symbol('first')
const firstOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && FIRST in value ? value[FIRST] : undefined

const NEWER_TEST = '(attribute_not_exists(#test) OR #test < :set_test)'

const inTest = ({ test, deadline }: Omit<Testing, 'probe'>): Attributes => ({
  ...{ phase: 'load-test', test, deadline },
  [OVERDUE_PARTITION]: OPEN,
})

const held = (claim: string): Attributes => ({ ':claim': claim, ':building': 'building' })

/** `SET` by placeholders: no attribute name can collide with a reserved word. */
function assign(set: Attributes) {
  const entries = Object.entries(set).filter(([, value]) => value !== undefined)
  const counts = entries.some(([, value]) => value === NEXT)
  return {
    names: Object.fromEntries(entries.map(([name]) => [`#${name}`, name])),
    assignments: entries.map(([name, value]) => `#${name} = ${written(name, value)}`),
    bound: {
      ...Object.fromEntries(
        entries
          .filter(([, value]) => value !== NEXT)
          .map(([name, value]) => [`:set_${name}`, firstOf(value) ?? value]),
      ),
      ...(counts ? { ':zero': 0, ':one': 1 } : {}),
    },
  }
}

function written(name: string, value: unknown): string {
  if (value === NEXT) return `if_not_exists(#${name}, :zero) + :one`
  return firstOf(value) === undefined ? `:set_${name}` : `if_not_exists(#${name}, :set_${name})`
}

const removal = (remove: readonly string[]): string =>
  remove.length === 0 ? '' : ` REMOVE ${remove.map((name) => `#${name}`).join(', ')}`
const removalNames = (remove: readonly string[]) =>
  Object.fromEntries(remove.map((name) => [`#${name}`, name]))
