// The credentials of a function: its role's, by its environment.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { defaultProvider, fromEnvironment } from '../../../functions/runtime/credentials.ts'

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'ASIAROLE')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
  vi.stubEnv('AWS_SESSION_TOKEN', 'token')
})
afterEach(() => vi.unstubAllEnvs())

test("they are the role's, with its token, for the SDK's clients too", async () => {
  const role = { accessKeyId: 'ASIAROLE', secretAccessKey: 'secret', sessionToken: 'token' }
  expect(await fromEnvironment()).toEqual(role)
  expect(await defaultProvider()()).toEqual(role)
})

test.each(['', undefined])('a token of %j is none', async (token) => {
  vi.stubEnv('AWS_SESSION_TOKEN', token)
  expect(await fromEnvironment()).toEqual({ accessKeyId: 'ASIAROLE', secretAccessKey: 'secret' })
})

test.each(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])('without %s there are none', async (name) => {
  vi.stubEnv(name, undefined)
  await expect(fromEnvironment()).rejects.toMatchObject({ code: 'misconfigured' })
})
