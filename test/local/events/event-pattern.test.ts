import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compilePattern } from '../../../local/events/event-pattern.ts'
import type { Json, JsonObject } from '../../../local/wire/json.ts'

/** Answers of AWS's own matcher; pattern and event are JSON text. */
interface Answer {
  readonly pattern: string
  readonly event: string
  readonly matches: boolean | null
  readonly refused: boolean
}

const FILE = new URL('../../vectors/events/event-patterns.jsonl.gz', import.meta.url)
const ANSWERS = gunzipSync(readFileSync(FILE))
  .toString()
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Answer)

const answer = (pattern: Json, event: JsonObject | string): boolean | 'refused' => {
  let matches: ReturnType<typeof compilePattern>
  try {
    matches = compilePattern(pattern, 'Rule.EventPattern')
  } catch {
    return 'refused'
  }
  return matches(event)
}

const event: JsonObject = {
  source: 'aws.codebuild',
  address: '10.0.0.33',
  v6: '2001:db8::1',
  detail: { status: 'FAILED', count: 3, limit: 301.8, tags: ['a', 'b'], none: null, empty: '', yes: true },
  rows: [
    { name: 'one', size: 1, deep: [[{ x: 1, y: 2 }]] },
    { name: 'two', size: 2 },
  ],
}
const status = (...matchers: Json[]): JsonObject => ({ detail: { status: matchers } })
const count = (...matchers: Json[]): JsonObject => ({ detail: { count: matchers } })

describe('an event pattern', () => {
  test(`answers as AWS's own matcher, ${ANSWERS.length} times`, () => {
    expect(ANSWERS.length).toBeGreaterThan(500)
    const different = ANSWERS.filter(
      ({ pattern, event, matches, refused }) => answer(pattern, event) !== (refused ? 'refused' : matches),
    )
    expect(different).toEqual([])
  })

  const cases: readonly [string, JsonObject, boolean][] = [
    ['fits one of its values', { source: ['other', 'aws.codebuild'] }, true],
    ['fits no other value', { source: ['aws.code'] }, false],
    ['fits by every field', { source: ['aws.codebuild'], detail: { status: ['SUCCEEDED'] } }, false],
    ['fits nested fields', { detail: { status: ['FAILED'], count: [3] } }, true],
    ['takes a name with a dot as a name within a name', { 'detail.status': ['FAILED'] }, true],
    ['fits a number by its type', count('3'), false],
    ['fits a number by its value', { detail: { limit: [3.018e2] } }, true],
    ['fits a list by any of its entries', { detail: { tags: ['b'] } }, true],
    ['fits null', { detail: { none: [null] } }, true],
    ['takes null for no text', { detail: { empty: [null] } }, false],
    ['fits the empty text', { detail: { empty: [''] } }, true],
    ['fits true', { detail: { yes: [true] } }, true],
    ['fits a prefix', { source: [{ prefix: 'aws.' }] }, true],
    ['fits a prefix in any case', { source: [{ prefix: { 'equals-ignore-case': 'AWS.C' } }] }, true],
    ['fits no prefix in the middle', { source: [{ prefix: { 'equals-ignore-case': 'CODE' } }] }, false],
    ['fits a suffix', { source: [{ suffix: 'build' }] }, true],
    ['fits a suffix in any case', { source: [{ suffix: { 'equals-ignore-case': 'BUILD' } }] }, true],
    ['fits no suffix in the middle', { source: [{ suffix: 'code' }] }, false],
    ['fits in any case', status({ 'equals-ignore-case': 'failed' }), true],
    ['fits the whole text in any case', status({ 'equals-ignore-case': 'fail' }), false],
    ['takes no character of a text for more than itself', status({ 'equals-ignore-case': 'f.iled' }), false],
    ['fits a wildcard', { source: [{ wildcard: 'a*code*' }] }, true],
    ['fits a wildcard of nothing', status({ wildcard: '*FAILED*' }), true],
    ['fits a wildcard by the whole text', status({ wildcard: 'FAIL*X' }), false],
    ['takes a star for itself behind a backslash', status({ wildcard: 'FAIL\\*' }), false],
    ['fits a number that is equal', count({ numeric: ['=', 3] }), true],
    ['fits a number within its bounds', count({ numeric: ['>', 0, '<=', 3] }), true],
    ['fits no number on an open bound', count({ numeric: ['>', 3] }), false],
    ['compares no text as a number', status({ numeric: ['>=', 0] }), false],
    ['fits an address in a block', { address: [{ cidr: '10.0.0.0/24' }] }, true],
    ['fits no address outside of a block', { address: [{ cidr: '10.0.1.0/24' }] }, false],
    ['fits an address of IPv6 in a block', { v6: [{ cidr: '2001:db8::/32' }] }, true],
    ['fits an address however it is written', { v6: ['2001:0DB8:0:0:0:0:0:1'] }, true],
    ['fits no text in a block', { source: [{ cidr: '10.0.0.0/24' }] }, false],
    ['fits anything but', status({ 'anything-but': ['SUCCEEDED'] }), true],
    ['fits not what it excludes', status({ 'anything-but': 'FAILED' }), false],
    [
      'fits a list by one entry that it does not exclude',
      { detail: { tags: [{ 'anything-but': 'a' }] } },
      true,
    ],
    ['fits null as anything but a text', { detail: { none: [{ 'anything-but': 'x' }] } }, true],
    ['fits anything but a number', count({ 'anything-but': [3, 4] }), false],
    ['fits anything but a prefix', { source: [{ 'anything-but': { prefix: 'aws.' } }] }, false],
    ['fits anything but a suffix', { source: [{ 'anything-but': { suffix: '.png' } }] }, true],
    [
      'fits anything but in any case',
      status({ 'anything-but': { 'equals-ignore-case': ['x', 'failed'] } }),
      false,
    ],
    ['fits anything but wildcards', status({ 'anything-but': { wildcard: ['x*', '*LED'] } }), false],
    ['fits no missing field as anything but', { other: [{ 'anything-but': 'x' }] }, false],
    ['fits what exists', status({ exists: true }), true],
    ['takes no object for what exists', { detail: [{ exists: true }] }, false],
    [
      'fits what does not exist',
      { detail: { other: [{ exists: false }] }, more: { x: [{ exists: false }] } },
      true,
    ],
    ['fits no field that the event lacks', { other: ['x'] }, false],
    ['fits fields of one object in a list', { rows: { name: ['two'], size: [2] } }, true],
    ['fits no fields of two objects in a list', { rows: { name: ['one'], size: [2] } }, false],
    ['fits fields of lists in lists', { rows: { deep: { x: [1], y: [2] }, name: ['one'] } }, true],
    ['fits no fields across lists in lists', { rows: { deep: { x: [1] }, name: ['two'] } }, false],
    [
      'fits what one object in a list lacks',
      { rows: { deep: { y: [{ exists: false }] }, name: ['two'] } },
      false,
    ],
    ['fits one of its alternatives', { $or: [{ source: ['x'] }, { detail: { count: [3] } }] }, true],
    ['fits none of its alternatives', { $or: [{ source: ['x'] }, { detail: { count: [4] } }] }, false],
    [
      'fits an alternative and the rest',
      { source: ['x'], $or: [{ v6: ['x'] }, { address: ['10.0.0.33'] }] },
      false,
    ],
    ['fits alternatives within a field', { detail: { $or: [{ count: [4] }, { status: ['FAILED'] }] } }, true],
  ]
  for (const [name, pattern, expected] of cases) {
    test(name, () => expect(compilePattern(pattern, 'test')(event)).toBe(expected))
  }

  const refusals: readonly [string, Json][] = [
    ['nothing', {}],
    ['a value that is no list', { source: 'plain' }],
    ['an empty object', { detail: {} }],
    ['an empty list', { source: [] }],
    ['a list in a list', { source: [['x']] }],
    ['an unknown operator', { source: [{ regex: 'x' }] }],
    ['an operator that every object has', { source: [{ constructor: 'x' }] }],
    ['two operators in one', { source: [{ prefix: 'x', suffix: 'y' }] }],
    ['no operator', { source: [{}] }],
    ['a prefix that is no text', { source: [{ prefix: 3 }] }],
    ['an unknown operator in a prefix', { source: [{ prefix: { wildcard: 'x' } }] }],
    ['a suffix that is no text', { source: [{ suffix: ['x'] }] }],
    ['a case that is no text', { source: [{ 'equals-ignore-case': 3 }] }],
    ['two stars in a row', { source: [{ wildcard: 'a**' }] }],
    ['a backslash before what needs none', { source: [{ wildcard: 'a\\b' }] }],
    ['a backslash at the end', { source: [{ wildcard: 'a\\' }] }],
    ['anything but nothing', { source: [{ 'anything-but': [] }] }],
    ['anything but nothing in any case', { source: [{ 'anything-but': { 'equals-ignore-case': [] } }] }],
    ['anything but texts and numbers', { source: [{ 'anything-but': ['x', 3] }] }],
    ['anything but an empty suffix', { source: [{ 'anything-but': { suffix: '' } }] }],
    ['anything but several prefixes', { source: [{ 'anything-but': { prefix: ['x', 'y'] } }] }],
    ['anything but a range', { source: [{ 'anything-but': { numeric: ['=', 3] } }] }],
    ['a range upside down', count({ numeric: ['>', 5, '<', 1] })],
    ['a range of one number', count({ numeric: ['>=', 5, '<=', 5] })],
    ['a range with its upper bound first', count({ numeric: ['<', 5, '>', 1] })],
    ['a range of texts', count({ numeric: ['>', '5'] })],
    ['a range of three bounds', count({ numeric: ['>', 1, '<', 5, '<', 9] })],
    ['an unknown comparison', count({ numeric: ['!=', 5] })],
    ['an existence that is no boolean', { source: [{ exists: 'true' }] }],
    ['a block without a mask', { source: [{ cidr: '10.0.0.0' }] }],
    ['a block of one address', { source: [{ cidr: '10.0.0.0/32' }] }],
    ['a block of no address', { source: [{ cidr: '10.0.0/8' }] }],
    ['one alternative', { $or: [{ source: ['x'] }] }],
    ['alternatives that are no list', { $or: { source: ['x'] } }],
    ['an alternative that is empty', { $or: [{ source: ['x'] }, {}] }],
    ['an operator for a field of an alternative', { $or: [{ source: ['x'] }, { prefix: ['x'] }] }],
    [
      'too many combinations of alternatives',
      Object.fromEntries(
        Array.from({ length: 10 }, (_, at) => [`f${at}`, { $or: [{ a: [1] }, { b: [1] }] }]),
      ),
    ],
  ]
  for (const [name, pattern] of refusals) {
    test(`with ${name} is refused`, () => expect(answer(pattern, event)).toBe('refused'))
  }

  test('that is refused gives an error with its rule, its field and the cause', () => {
    expect(() => compilePattern({ detail: { status: [{ prefix: 3 }] } }, 'BuildEnded.EventPattern')).toThrow(
      /^BuildEnded\.EventPattern\.detail\.status: this operator takes a text;/,
    )
  })

  const leaf = fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  const key = fc.constantFrom('a', 'b', 'c')
  const { json } = fc.letrec<{ json: Json }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.constantFrom(null, true, false),
      fc.array(tie('json'), { maxLength: 3 }),
      fc.dictionary(key, tie('json'), { maxKeys: 3, noNullPrototype: true }),
    ),
  }))
  const events = fc.dictionary(key, json, { maxKeys: 3, noNullPrototype: true })

  test('of a value fits a single value exactly if the anything-but pattern of that value does not', () => {
    fc.assert(
      fc.property(leaf, leaf, (wanted, value) => {
        const event = { a: value }
        expect(answer({ a: [wanted] }, event)).not.toBe(answer({ a: [{ 'anything-but': wanted }] }, event))
      }),
    )
  })
  test('of existence fits any event exactly if that of absence does not', () => {
    fc.assert(
      fc.property(events, (event) => {
        const says = (exists: boolean) => answer({ a: { b: [{ exists }] } }, event)
        expect(says(true)).not.toBe(says(false))
      }),
    )
  })
  test('fits no additional events with another field', () => {
    fc.assert(
      fc.property(events, leaf, (event, value) => {
        const one = { a: [{ exists: true }] }
        if (answer({ ...one, b: [value] }, event) === true) expect(answer(one, event)).toBe(true)
      }),
    )
  })
})
