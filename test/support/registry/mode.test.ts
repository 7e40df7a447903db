// Tests the answers of a strict registry after which a test's client retries, and the excluded test files.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NOT_STRICT, passes } from './mode.ts'

test('each test file excluded from the strict run exists and has a reason', () => {
  for (const [name, why] of Object.entries(NOT_STRICT)) {
    expect(existsSync(join(import.meta.dirname, `../../e2e/${name}.test.ts`)), name).toBe(true)
    expect(why.length).toBeGreaterThan(20)
  }
})

test.each([
  ['being built', 503, '{"code": "being-built"}', true],
  ['S3 is asked too fast', 503, '<Code>SlowDown</Code>', true],
  ['the stage is full', 429, '{"message":"Too Many Requests"}', true],
  ['a mirror is away', 503, '{"code": "mirror-unreachable"}', false],
  ['a budget is spent', 429, '{"code": "budget-spent"}', false],
  ['there is no such thing', 404, '{"code": "not-built"}', false],
  ['it is there', 200, '', false],
])('on the answer "%s" a client retries or stops', (_, status, body, again) => {
  expect(passes(status, body)).toBe(again)
})
