// A read must find a record of a moment ago: otherwise the registry would record another digest.

import { expect, test } from 'vitest'
import { createSources } from '../../../lib/aws/records.ts'
import { sentBy, startDynamoDb } from '../../support/aws/dynamodb-lab.ts'

test('a recorded source is read consistently', async () => {
  const lab = await startDynamoDb()
  const sources = createSources(lab.client, await lab.table())
  const sent = await sentBy(lab, () => sources.recorded('10.2.0+driver'))
  expect(sent).toMatchObject([{ operation: 'GetItem', input: { ConsistentRead: true } }])
  await lab.stop()
})
