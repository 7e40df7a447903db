// Tests an account's quotas: its own values replace the default values of AWS.

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

test('each quota of a service is listed once, with the value of the account or else the default', async () => {
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

test('an unknown service has no quotas, and a forbidden request is an error', async () => {
  const { endpoint } = await quotasService(GROWN)
  expect(await quotasAt(endpoint).of('nothing')).toEqual([])
  const { endpoint: closed } = await forbidden()
  await expect(quotasAt(closed).of('lambda')).rejects.toMatchObject({ name: 'AccessDeniedException' })
})
