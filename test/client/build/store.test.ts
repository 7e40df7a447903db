// The steps of a build can reach only their inputs and their own outputs, each by its own presigned URL.

import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type BuildStore, openBuildStore } from '../../../client/build/store.ts'
import { bucketStore } from '../../../client/roots/bucket.ts'
import { keepInput } from '../../../lib/inputs/inputs.ts'
import { inputKey, stagingKeys } from '../../../lib/model/keys.ts'

let dir: string
let store: BuildStore
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'build-store-'))
  const [inputs, roots] = [join(dir, 'inputs'), join(dir, 'roots')]
  store = await openBuildStore({
    work: join(dir, 'work'),
    socket: join(dir, 'sock'),
    inputs,
    roots,
    now: Date.now,
  })
})
afterEach(async () => {
  await store.close()
  rmSync(dir, { recursive: true })
})

const SOON = { expiresSeconds: 60 }
const bytes = (text: string) => new TextEncoder().encode(text)
const keys = stagingKeys('claim')

/** Sends a request through the socket, like the steps' curl. */
async function ask(method: string, url: string, body = '', headers: Record<string, string> = {}) {
  const { pathname, search, host } = new URL(url)
  const options = { method, path: pathname + search, socketPath: join(dir, 'sock') }
  const length = { 'content-length': body.length }
  const asked = request({ ...options, headers: { host, ...length, ...headers } }).end(body)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: answer.statusCode, body: await text(answer) }
}
const put = async (url: string, body: string, headers: Record<string, string> = {}) =>
  (await ask('PUT', url, body, headers)).status

test('the build reads an input of this user by its URL', async () => {
  const digest = await keepInput(bucketStore(join(dir, 'inputs')), bytes('a package'))
  const answer = await ask('GET', await store.inputUrls.get(inputKey(digest), SOON))
  expect(answer).toEqual({ status: 200, body: 'a package' })
})

test('the build writes an output once if its steps demand this, and reads it back unchanged', async () => {
  const url = await store.stagingUrls.put(keys.probe, SOON)
  const once = { 'if-none-match': '*' }
  expect([await put(url, 'a probe', once), await put(url, 'another', once)]).toEqual([200, 412])
  expect(new TextDecoder().decode(await store.staging.get(keys.probe, 100))).toBe('a probe')
})

test('the build cannot write inputs and roots, even with a presigned URL', async () => {
  expect(await put(await store.inputUrls.put('sha256/x', SOON), 'no')).toBe(403)
  expect(await put(await store.rootUrls.put('sha256/x', SOON), 'no')).toBe(403)
})

test('the store refuses requests without a signature, for another key, or with another method', async () => {
  const url = await store.stagingUrls.put(keys.probe, SOON)
  expect(await put(url.replace(/\?.*/, ''), 'no')).toBe(403)
  expect(await put(url.replace('/probe', '/plan.json'), 'no')).toBe(403)
  expect((await ask('GET', url)).status).toBe(403)
  expect(await store.staging.size(keys.probe)).toBeUndefined()
})

test('the outputs of a build are in its own folder', async () => {
  await put(await store.stagingUrls.put(keys.log, SOON), 'a log')
  expect(existsSync(join(dir, 'work', 'staging'))).toBe(true)
  expect(await bucketStore(join(dir, 'work', 'staging')).size(keys.log)).toBe(5)
})
