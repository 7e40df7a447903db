import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { difference, type JsonObject, overlay } from '../../../lib/model/overlay.ts'

/** Few names, so that two of them meet; one is everybody's, one is nobody's. */
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
  test('are what differs from the defaults, laid over the defaults, whatever an operator set', () => {
    fc.assert(
      fc.property(section, section, (defaults, own) => {
        const settings = overlay(defaults, own) as JsonObject
        expect(overlay(defaults, text(difference(defaults, settings)))).toEqual(settings)
      }),
      { numRuns: 5000 },
    )
  })

  test('that are the defaults differ in nothing', () => {
    fc.assert(
      fc.property(section, (defaults) => {
        expect(difference(defaults, defaults)).toEqual({})
        expect(overlay(defaults, {})).toEqual(defaults)
      }),
    )
  })

  test('differ in no more than what was set', () => {
    fc.assert(
      fc.property(section, section, (defaults, own) => {
        const least = JSON.stringify(difference(defaults, overlay(defaults, own) as JsonObject))
        expect(least.length).toBeLessThanOrEqual(JSON.stringify(own).length)
      }),
    )
  })

  test('are laid over member by member, at any depth, and a list as a whole', () => {
    const defaults = { one: { deep: { a: 1, b: 2 }, list: [1, 2] }, other: 1 }
    const own = { one: { deep: { b: 3 }, list: [4] } }
    expect(overlay(defaults, own)).toEqual({ one: { deep: { a: 1, b: 3 }, list: [4] }, other: 1 })
    expect(difference(defaults, { one: { deep: { a: 1, b: 3 }, list: [4] }, other: 1 })).toEqual(own)
  })

  test('that are no section are left for a schema to refuse', () => {
    expect(overlay({ a: 1 }, [2])).toEqual([2])
    expect(overlay({ a: { b: 1 } }, { a: 2 })).toEqual({ a: 2 })
  })
})
