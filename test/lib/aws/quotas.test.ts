// An account's quotas: its own values over those that all accounts begin with.

import { expect, test } from 'vitest'
import { createCall, QUOTAS } from '../../../lib/aws/json-api.ts'
import { createQuotas } from '../../../lib/aws/quotas.ts'
import { OPERATOR } from '../../support/aws/json-service.ts'
import { codeOf, forbidden, GROWN, quotasService } from '../../support/aws/quotas.ts'

const quotasAt = (endpoint: string) =>
  createQuotas(
    createCall(QUOTAS, {
      ...{ endpoint, region: OPERATOR.AWS_REGION, now: Date.now },
      credentials: async () => ({
        accessKeyId: OPERATOR.AWS_ACCESS_KEY_ID,
        secretAccessKey: OPERATOR.AWS_SECRET_ACCESS_KEY,
        sessionToken: OPERATOR.AWS_SESSION_TOKEN,
      }),
    }),
  )

test('each quota of a service is there once, with the value of the account where it has one', async () => {
  const { endpoint } = await quotasService(GROWN)
  const found = await quotasAt(endpoint).of('codebuild')
  const expected = GROWN.filter(({ service }) => service === 'codebuild').map((known) => ({
    code: codeOf(known),
    name: known.name,
    value: known.value ?? known.standard,
    standard: known.standard,
    adjustable: true,
  }))
  expect([...found].sort((a, b) => a.name.localeCompare(b.name))).toEqual(
    expected.sort((a, b) => a.name.localeCompare(b.name)),
  )
})

test('a service that the region has not has none, and one that may not be asked is an error', async () => {
  const { endpoint } = await quotasService(GROWN)
  expect(await quotasAt(endpoint).of('nothing')).toEqual([])
  const { endpoint: closed } = await forbidden()
  await expect(quotasAt(closed).of('lambda')).rejects.toMatchObject({ name: 'AccessDeniedException' })
})
