import { describe, expect, test } from 'vitest'
import { compilePattern } from '../../../local/events/event-pattern.ts'
import type { JsonObject } from '../../../local/wire/json.ts'

const event: JsonObject = {
  source: 'aws.codebuild',
  detail: { status: 'FAILED', count: 3, tags: ['a', 'b'], none: null },
}

describe('an event pattern', () => {
  const cases: readonly [string, JsonObject, boolean][] = [
    ['fits one of its values', { source: ['other', 'aws.codebuild'] }, true],
    ['fits no other value', { source: ['aws.code'] }, false],
    ['fits by every field', { source: ['aws.codebuild'], detail: { status: ['SUCCEEDED'] } }, false],
    ['fits nested fields', { detail: { status: ['FAILED'], count: [3] } }, true],
    ['fits a number by its type', { detail: { count: ['3'] } }, false],
    ['fits a list by any of its entries', { detail: { tags: ['b'] } }, true],
    ['fits null', { detail: { none: [null] } }, true],
    ['fits a prefix', { source: [{ prefix: 'aws.' }] }, true],
    ['fits anything but', { detail: { status: [{ 'anything-but': ['SUCCEEDED'] }] } }, true],
    ['fits not what it excludes', { detail: { status: [{ 'anything-but': 'FAILED' }] } }, false],
    ['fits anything but a prefix', { source: [{ 'anything-but': { prefix: 'aws.' } }] }, false],
    ['fits what exists', { detail: { status: [{ exists: true }] } }, true],
    [
      'fits what does not exist',
      { detail: { other: [{ exists: false }] }, more: { x: [{ exists: false }] } },
      true,
    ],
    ['fits no field that the event lacks', { other: ['x'] }, false],
  ]
  for (const [name, pattern, expected] of cases) {
    test(name, () => expect(compilePattern(pattern, 'test')(event)).toBe(expected))
  }
  test('with an unknown matcher is an error at load', () => {
    expect(() => compilePattern({ source: [{ wildcard: '*' }] }, 'test')).toThrow(/wildcard/)
    expect(() => compilePattern({ $or: [{}] }, 'test')).toThrow(/\$or/)
    expect(() => compilePattern({ source: 'plain' }, 'test')).toThrow(/source is not a list/)
  })
})
