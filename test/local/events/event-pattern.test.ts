import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
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
  // No sender of this stack writes a name twice into one object.
  .filter(({ event }) => event !== '{"k":"a","k":"b"}')

/** What is not known here is refused at load, or where an event has a list in the place of an object. */
function answer(pattern: Json, event: JsonObject): boolean | 'refused' {
  try {
    return compilePattern(pattern, 'Rule.EventPattern')(event)
  } catch {
    return 'refused'
  }
}

const event: JsonObject = {
  source: 'aws.codebuild',
  detail: { status: 'FAILED', count: 3, tags: ['a', 'b'], none: null, empty: '' },
  rows: [{ name: 'one' }, { name: 'two' }],
}

describe('an event pattern', () => {
  test("answers as AWS's own matcher, or is refused", () => {
    const answers = ANSWERS.map((one) => ({
      aws: one.refused ? 'refused' : one.matches,
      own: answer(JSON.parse(one.pattern) as Json, JSON.parse(one.event) as JsonObject),
    }))
    expect(answers.filter(({ own, aws }) => own !== 'refused' && own !== aws)).toEqual([])
    expect(answers.filter(({ own }) => own === true).length).toBeGreaterThan(50)
    expect(answers.filter(({ own }) => own === false).length).toBeGreaterThan(50)
  })

  const cases: readonly [string, JsonObject, boolean][] = [
    ['fits one of its values', { source: ['other', 'aws.codebuild'] }, true],
    ['fits no other value', { source: ['aws.code'] }, false],
    ['fits by every field', { source: ['aws.codebuild'], detail: { status: ['SUCCEEDED'] } }, false],
    ['fits nested fields', { source: ['aws.codebuild'], detail: { status: ['FAILED'] } }, true],
    ['fits a number by its type', { detail: { count: ['3'] } }, false],
    ['fits a list by any of its entries', { detail: { tags: ['b'] } }, true],
    ['takes null for no text', { detail: { none: [''] } }, false],
    ['fits the empty text', { detail: { empty: [''] } }, true],
    ['fits no field that the event lacks', { other: ['x'] }, false],
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
    ['an operator', { source: [{ prefix: 'aws.' }] }],
    ['a number', { detail: { count: [3] } }],
    ['an address, which has many forms', { source: ['10.0.0.1'] }],
    ['alternatives', { $or: [{ source: ['x'] }, { source: ['y'] }] }],
    ['a name with a dot', { 'detail.status': ['FAILED'] }],
  ]
  for (const [name, pattern] of refusals) {
    test(`with ${name} is refused at load`, () => expect(() => compilePattern(pattern, 'test')).toThrow())
  }

  test('is an error for an event with a list in the place of an object', () => {
    expect(() => compilePattern({ rows: { name: ['two'] } }, 'Rule')(event)).toThrow(
      /^Rule: name within a list/,
    )
  })

  test('that is refused names its rule, its field and what is wrong with it', () => {
    expect(() => compilePattern({ detail: { status: [{ prefix: 3 }] } }, 'BuildEnded.EventPattern')).toThrow(
      /^BuildEnded\.EventPattern\.detail\.status: \{"prefix":3\} is not known here/,
    )
  })
})
