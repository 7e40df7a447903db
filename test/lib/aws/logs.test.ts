// Tests searches in CloudWatch Logs: every page, and patterns without special meaning.

import { expect, test } from 'vitest'
import { createCall, LOGS } from '../../../lib/aws/json-api.ts'
import { createLogs } from '../../../lib/aws/logs.ts'
import { type Input, jsonService, OPERATOR } from '../../support/aws/json-service.ts'

async function logs(filter: (input: Input) => object) {
  const { endpoint, calls } = await jsonService(LOGS, { FilterLogEvents: filter })
  const credentials = async () => ({
    accessKeyId: OPERATOR.AWS_ACCESS_KEY_ID,
    secretAccessKey: OPERATOR.AWS_SECRET_ACCESS_KEY,
    sessionToken: OPERATOR.AWS_SESSION_TOKEN,
  })
  const call = createCall(LOGS, { endpoint, region: OPERATOR.AWS_REGION, credentials, now: Date.now })
  return { logs: createLogs(call), calls }
}

test('a search for many texts is several requests, each within the length limit of a pattern', async () => {
  const { logs: found, calls } = await logs(({ filterPattern }) => ({
    events: [{ timestamp: 1, message: String(filterPattern) }],
  }))
  const texts = Array.from({ length: 41 }, (_, i) => `2f0e0c54-6f5d-4c5e-9d0c-0d8e6f1f9a${i + 10}`)
  const events = await found.events('group', 5, texts)
  expect(events).toHaveLength(3)
  const patterns = calls.map(([, { filterPattern }]) => String(filterPattern))
  for (const pattern of patterns) expect(pattern.length).toBeLessThanOrEqual(1024)
  expect(patterns.join(' ')).toBe(texts.map((text) => `?"${text}"`).join(' '))
  expect(calls[0]?.[1]).toMatchObject({ logGroupName: 'group', startTime: 5 })
})

test('a page without events is not the last one if it names a next one', async () => {
  const { logs: found } = await logs(({ nextToken }) =>
    nextToken === undefined ? { events: [], nextToken: 'a' } : { events: [{ timestamp: 2, message: 'x' }] },
  )
  expect(await found.events('group', 0, ['x'])).toEqual([{ timestamp: 2, message: 'x' }])
})

test.each(['', '"', 'a b', '%x%', '{ $.a = 1 }', 'a?'])(
  'a text that is empty or special in a pattern is refused: %s',
  async (text) => {
    const { logs: found, calls } = await logs(() => ({}))
    await expect(found.events('group', 0, [text])).rejects.toThrow('nothing that logs are searched for')
    expect(calls).toEqual([])
  },
)
