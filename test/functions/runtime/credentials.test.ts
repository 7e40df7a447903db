// Tests the credentials of a function: it reads its role's credentials from its environment.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { defaultProvider, fromEnvironment } from '../../../functions/runtime/credentials.ts'

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'ASIAROLE')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
  vi.stubEnv('AWS_SESSION_TOKEN', 'token')
})
afterEach(() => vi.unstubAllEnvs())

test("the credentials are the role's, with its token, for the SDK's clients, too", async () => {
  const role = { accessKeyId: 'ASIAROLE', secretAccessKey: 'secret', sessionToken: 'token' }
  expect(await fromEnvironment()).toEqual(role)
  expect(await defaultProvider()()).toEqual(role)
})

test.each(['', undefined])('the token %j is left out', async (token) => {
  vi.stubEnv('AWS_SESSION_TOKEN', token)
  expect(await fromEnvironment()).toEqual({ accessKeyId: 'ASIAROLE', secretAccessKey: 'secret' })
})

test.each(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])('a missing %s is an error', async (name) => {
  vi.stubEnv(name, undefined)
  await expect(fromEnvironment()).rejects.toMatchObject({ code: 'misconfigured' })
})
