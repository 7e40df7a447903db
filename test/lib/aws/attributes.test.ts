// Compares our conversion of values to attribute values with the SDK's.

import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { attributesOf, type Item, itemOf } from '../../../lib/aws/attributes.ts'

/** `__proto__` and `constructor` mean something to the SDK: they have a test of their own. */
const name = fc.string().filter((text) => !['__proto__', 'constructor'].includes(text))
const number = fc.oneof(fc.maxSafeInteger(), fc.double({ min: -1e15, max: 1e15, noNaN: true }))
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'grapheme' }),
    number,
    fc.boolean(),
    fc.constant(null),
    fc.uniqueArray(fc.string(), { minLength: 1 }).map((texts) => new Set(texts)),
    fc.array(tie('value')),
    fc.dictionary(name, tie('value')),
  ),
})).value
const item = fc.dictionary(
  name.filter((text) => text !== ''),
  value,
)

test('an item is written and read as the SDK does it', () => {
  fc.assert(
    fc.property(item, (given) => {
      const attributes = attributesOf(given)
      expect(attributes).toEqual(marshall(given))
      expect(itemOf(attributes)).toEqual(unmarshall(marshall(given)))
    }),
  )
})

test('names of JavaScript’s own properties are names like others', () => {
  const given: Item = JSON.parse('{"__proto__": {"constructor": 1, "__proto__": "text"}, "constructor": 2}')
  const attributes = attributesOf(given)
  expect(JSON.stringify(attributes)).toBe(
    '{"__proto__":{"M":{"constructor":{"N":"1"},"__proto__":{"S":"text"}}},"constructor":{"N":"2"}}',
  )
  expect(JSON.stringify(itemOf(attributes))).toBe(JSON.stringify(given))
})

test('undefined values are left out at every depth', () => {
  const given = { a: undefined, b: { c: undefined, d: [1, undefined, 2] } }
  expect(attributesOf(given)).toEqual(marshall(given, { removeUndefinedValues: true }))
})

test.each<[string, unknown]>([
  ['a number that is none', Number.NaN],
  ['a number without end', Number.POSITIVE_INFINITY],
  ['a number that JavaScript rounds', 2 ** 53],
  ['an empty set', new Set()],
  ['a set of numbers', new Set([1])],
  ['a date', new Date(0)],
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
])('%s is refused before it is written', (_, given) => {
  expect(() => attributesOf({ given })).toThrow(TypeError)
})

test('values that the registry never writes are read as text or as attribute values', () => {
  const written: Item = {
    big: { N: '9007199254740993' },
    huge: { N: '1e125' },
    bytes: { B: 'AAAA' },
    odd: {},
  }
  expect(itemOf(written)).toEqual({ big: '9007199254740993', huge: '1e125', bytes: { B: 'AAAA' }, odd: {} })
})
