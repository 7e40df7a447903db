// Tests how a build stores its objects, and how often.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LOST, type LoopbackStore, openStore } from '../support/builds/store.ts'

let store: LoopbackStore
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

const STEPS = join(import.meta.dirname, '../../buildspecs/common/transfer.sh')

/** Exit code of one of the steps' functions with the URL of an object and a file with that text. */
function transfer(step: 'put' | 'put_once', object: string, text: string): Promise<number | null> {
  const script = `set -eu; . "$1"; file=$(mktemp); printf %s "$4" >"$file"; $2 "$3" "$file"`
  const child = spawn('sh', ['-c', script, 'sh', STEPS, step, store.url(object), text])
  return new Promise((resolve) => child.on('close', resolve))
}

const stored = (object: string) => store.objects.get(object)?.toString()

test('a build may store its log repeatedly', async () => {
  expect(await transfer('put', 'log', 'a')).toBe(0)
  expect(await transfer('put', 'log', 'ab')).toBe(0)
  expect(stored('log')).toBe('ab')
})

test('other objects are stored once, and an existing object counts as stored', async () => {
  expect(await transfer('put_once', 'probe', 'first')).toBe(0)
  expect(await transfer('put_once', 'probe', 'second')).toBe(0)
  expect(stored('probe')).toBe('first')
})

test('a retry succeeds if the first try stored the object but its answer was lost', async () => {
  const object = `${LOST.slice(1)}probe`
  expect(await transfer('put_once', object, 'body')).toBe(0)
  expect(stored(object)).toBe('body')
})

test('a conflict with another request for the same key is retried at most five times', async () => {
  store.conflicts(2)
  expect(await transfer('put_once', 'met', 'body')).toBe(0)
  expect(stored('met')).toBe('body')
  store.conflicts(6)
  expect(await transfer('put_once', 'met-always', 'body')).toBe(22)
  expect(stored('met-always')).toBeUndefined()
  store.conflicts(0)
})

test('the step fails if the store refuses the object', async () => {
  expect(await transfer('put_once', 'probe?without-its-secret', 'body')).toBe(22)
})
