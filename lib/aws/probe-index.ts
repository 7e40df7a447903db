// The index of probes in DynamoDB: one item a probe, conditional writes on that one item only.

import {
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  ScanCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb'
import { isProbeError } from '../model/errors.ts'
import type { Clock, Index, Testing } from '../model/ports.ts'
import type { ProbeState } from '../model/probe.ts'
import { FURTHEST_DEADLINE, FURTHEST_RETRY } from '../model/retry.ts'
import { releaseIn } from '../names/grammar.ts'
import { ifHeld } from './conditional.ts'
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
const OF_CLAIM = ['claimedAt', 'deadline', 'buildId', 'phase', 'test', OVERDUE_PARTITION]
/** What is published, or an alias, stays for good. */
const OF_SETTLED = [...OF_CLAIM, EXPIRES]
const OF_FAILURE = ['reason', 'detail', 'retryAt', 'logKey']

const HELD = '#state = :building AND claim = :claim'
const UNTESTED = '#state = :published AND claim = :claim AND attribute_not_exists(loadTest)'
const TESTABLE = `((${HELD}) OR (${UNTESTED}))`
/** absent, failed and due, or building past its deadline (lib/model/retry.ts, hasCome) */
const FREE =
  'attribute_not_exists(#state) OR (#state = :failed AND NOT retryAt BETWEEN :after AND :retry) OR (#state = :building AND NOT deadline BETWEEN :after AND :furthest)'

export function createIndex(client: DynamoDBDocumentClient, table: string, now: Clock): Index {
  /** One conditional update; `undefined` when the condition did not hold. */
  async function update(
    key: string,
    condition: string,
    set: Attributes,
    remove: readonly string[],
    values: Attributes,
  ) {
    const { names, assignments, bound } = assign(set)
    const command = new UpdateCommand({
      TableName: table,
      Key: { [TABLE_KEY]: key },
      ConditionExpression: condition,
      UpdateExpression: `SET ${assignments.join(', ')}${removal(remove)}`,
      ExpressionAttributeNames: { '#state': 'state', ...names, ...removalNames(remove) },
      ExpressionAttributeValues: { ...bound, ...values },
      ReturnValues: 'ALL_NEW',
    })
    return (await ifHeld(client.send(command)))?.Attributes
  }
  /** What is open, by a condition on its deadline, the next one first. */
  async function open(condition: string, moment: number, limit: number) {
    const found = await client.send(
      new QueryCommand({
        TableName: table,
        IndexName: OVERDUE_INDEX,
        KeyConditionExpression: `#open = :open AND ${condition}`,
        ExpressionAttributeNames: { '#open': OVERDUE_PARTITION, '#deadline': OVERDUE_SORT },
        ExpressionAttributeValues: { ':open': OPEN, ':moment': moment },
        Limit: limit,
      }),
    )
    return (found.Items ?? []).flatMap(overdueOf)
  }
  return {
    async get(key, { consistent = false } = {}) {
      const found = await client.send(
        new GetCommand({ TableName: table, Key: { [TABLE_KEY]: key }, ConsistentRead: consistent }),
      )
      const { Item } = found
      return Item === undefined || isExpired(Item, now()) ? undefined : stateOf(key, Item)
    },
    async claim(key, { claim, claimedAt, deadline, expiresAt }) {
      const set = {
        state: 'building',
        claim,
        claimedAt,
        deadline,
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
        ['buildId', 'phase', 'test', ...OF_FAILURE, ...lasting(expiresAt)],
        values,
      )
      return item === undefined ? undefined : claimOf(key, item).attempt
    },
    async started(key, claim, { buildId, deadline }) {
      const item = await update(key, HELD, { buildId, deadline }, [EXPIRES], held(claim))
      return item !== undefined
    },
    async testing(key, claim, { test, deadline, buildId }) {
      const asked = buildId === undefined
      const condition = `${TESTABLE} AND ${asked ? NEWER_TEST : '#test = :set_test'}`
      const values = { ...held(claim), ':published': 'published' }
      const set = { ...inTest({ test, deadline }), buildId }
      const item = await update(key, condition, set, [EXPIRES, ...(asked ? ['buildId'] : [])], values)
      return item !== undefined
    },
    async publish(key, claim, publication, testing) {
      const set = { state: 'published', ...publication, ...(testing === undefined ? {} : inTest(testing)) }
      const gone = OF_SETTLED.filter((name) => !(name in set))
      return (await update(key, HELD, set, gone, held(claim))) !== undefined
    },
    async fail(key, claim, { expiresAt, ...failure }) {
      const set = { state: 'failed', ...failure, ...expiring(expiresAt) }
      const item = await update(key, HELD, set, [...OF_CLAIM, ...lasting(expiresAt)], held(claim))
      return item !== undefined
    },
    async alias(key, claim, of) {
      const item = await update(key, HELD, { state: 'alias', of }, OF_SETTLED, held(claim))
      return item !== undefined
    },
    async verdict(key, claim, loadTest) {
      const values = { ':claim': claim, ':published': 'published' }
      return (await update(key, UNTESTED, { loadTest }, OF_CLAIM, values)) !== undefined
    },
    async list({ release, cursor, limit }) {
      const start = cursor === undefined ? undefined : { [TABLE_KEY]: keyAt(cursor) }
      const found = await client.send(
        release === undefined
          ? new ScanCommand({ TableName: table, Limit: limit, ExclusiveStartKey: start })
          : new QueryCommand({
              TableName: table,
              IndexName: RELEASE_INDEX,
              KeyConditionExpression: '#release = :release',
              ExpressionAttributeNames: { '#release': RELEASE_PARTITION },
              ExpressionAttributeValues: { ':release': release },
              Limit: limit,
              ExclusiveStartKey: start && { ...start, [RELEASE_PARTITION]: release },
            }),
      )
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
      return [...past, ...ahead]
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

const NEWER_TEST = '(attribute_not_exists(#test) OR #test < :set_test)'

const inTest = ({ test, deadline }: Testing): Attributes => ({
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
    assignments: entries.map(([name, value]) =>
      value === NEXT ? `#${name} = if_not_exists(#${name}, :zero) + :one` : `#${name} = :set_${name}`,
    ),
    bound: {
      ...Object.fromEntries(
        entries.filter(([, v]) => v !== NEXT).map(([name, value]) => [`:set_${name}`, value]),
      ),
      ...(counts ? { ':zero': 0, ':one': 1 } : {}),
    },
  }
}

const removal = (remove: readonly string[]): string =>
  remove.length === 0 ? '' : ` REMOVE ${remove.map((name) => `#${name}`).join(', ')}`
const removalNames = (remove: readonly string[]) =>
  Object.fromEntries(remove.map((name) => [`#${name}`, name]))
