// Tests how an operator lists, sets and deletes digests of sources in a table with other records.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { checkId, createDigests, type Digests } from '../../../lib/aws/digests.ts'
import { createCatalogue, createListDates, createSources } from '../../../lib/aws/records.ts'
import type { Sources } from '../../../lib/model/ports.ts'
import { type DynamoDbLab, startDynamoDb } from '../../support/aws/dynamodb-lab.ts'

const VERSION = '10.2.0+driver'
const source = (digit: string) => ({
  name: 'driver',
  version: VERSION,
  url: 'https://mirror.example/10.2.0.tar.gz',
  sha256: digit.repeat(64),
})

let lab: DynamoDbLab
let digests: Digests
let sources: Sources
beforeAll(async () => {
  lab = await startDynamoDb()
})
afterAll(() => lab.stop())
beforeEach(async () => {
  const table = await lab.table()
  digests = createDigests(lab.client, table)
  sources = createSources(lab.client, table)
  await createCatalogue(lab.client, table).write({ versions: [VERSION], readAt: 1 })
  await createListDates(lab.client, table).seen('bookworm', 1)
})

describe('an operator', () => {
  test('sees the recorded digests, and no other records of the table', async () => {
    expect(await digests.list()).toEqual([])
    await sources.record('9.1.0+driver', source('b'))
    await sources.record(VERSION, source('a'))
    expect(await digests.list()).toEqual([
      { id: VERSION, source: source('a') },
      { id: '9.1.0+driver', source: source('b') },
    ])
  })

  test('sets a digest, and the next build finds it', async () => {
    expect(await digests.name(VERSION, source('a'))).toBe(true)
    expect(await digests.name(VERSION, source('a'))).toBe(true)
    expect(await sources.record(VERSION, source('b'))).toEqual(source('a'))
  })

  test('must forget a recorded digest before setting another one', async () => {
    await sources.record(VERSION, source('a'))
    expect(await digests.name(VERSION, source('b'))).toBe(false)
    expect(await sources.recorded(VERSION)).toEqual(source('a'))
    expect(await digests.forget(VERSION)).toEqual(source('a'))
    expect(await digests.forget(VERSION)).toBeUndefined()
    expect(await digests.name(VERSION, source('b'))).toBe(true)
  })

  test.each(['~drivers', '~list/bookworm', '', 'a b', `a${'b'.repeat(128)}`, '../a'])(
    'cannot use an id that is not a driver version: %j',
    (id) => expect(() => checkId(id)).toThrow(/is not a driver version/),
  )
})
