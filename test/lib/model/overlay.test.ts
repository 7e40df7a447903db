import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { difference, type JsonObject, overlay } from '../../../lib/model/overlay.ts'

/** Few names, so that two objects share some; every object inherits `constructor`, and `__proto__` is special. */
const names = fc.constantFrom('a', 'b', 'c', 'constructor', '__proto__')
const { section } = fc.letrec<{ section: JsonObject; value: unknown }>((tie) => ({
  section: fc.dictionary(names, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  value: fc.oneof(
    { withCrossShrink: true, maxDepth: 3 },
    fc.constantFrom(null, true, 0, 1, '', 'x'),
    fc.array(fc.constantFrom(1, 2), { maxLength: 2 }),
    tie('section'),
  ),
}))
const text = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('settings', () => {
  test('equal the defaults with their differences merged in, for any settings of an operator', () => {
    fc.assert(
      fc.property(section, section, (defaults, own) => {
        const settings = overlay(defaults, own) as JsonObject
        expect(overlay(defaults, text(difference(defaults, settings)))).toEqual(settings)
      }),
      { numRuns: 5000 },
    )
  })

  test('that equal the defaults have no differences', () => {
    fc.assert(
      fc.property(section, (defaults) => {
        expect(difference(defaults, defaults)).toEqual({})
        expect(overlay(defaults, {})).toEqual(defaults)
      }),
    )
  })

  test('have differences that are at most as long as the text that the operator set', () => {
    fc.assert(
      fc.property(section, section, (defaults, own) => {
        const least = JSON.stringify(difference(defaults, overlay(defaults, own) as JsonObject))
        expect(least.length).toBeLessThanOrEqual(JSON.stringify(own).length)
      }),
    )
  })

  test('merge member by member at any depth, and a list replaces the default list', () => {
    const defaults = { one: { deep: { a: 1, b: 2 }, list: [1, 2] }, other: 1 }
    const own = { one: { deep: { b: 3 }, list: [4] } }
    expect(overlay(defaults, own)).toEqual({ one: { deep: { a: 1, b: 3 }, list: [4] }, other: 1 })
    expect(difference(defaults, { one: { deep: { a: 1, b: 3 }, list: [4] }, other: 1 })).toEqual(own)
  })

  test('that are not a section stay as they are, for a schema to refuse', () => {
    expect(overlay({ a: 1 }, [2])).toEqual([2])
    expect(overlay({ a: { b: 1 } }, { a: 2 })).toEqual({ a: 2 })
  })
})
