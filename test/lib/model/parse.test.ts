import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { parseOwn } from '../../../lib/model/parse.ts'

const schema = z.object({
  sha256: z.string(),
  bytes: z.number(),
  more: z.object({ at: z.number() }).optional(),
})
const read = (value: unknown) => parseOwn(schema, value, 'the item', 'written by hand?')

describe('an item that the registry itself wrote', () => {
  test('is accepted or refused in the same way before and after its schema is compiled', () => {
    const good = { sha256: 'a', bytes: 1, more: { at: 2 }, unknown: true }
    const bad = { ...good, more: { at: 'noon' } }
    for (let i = 0; i < 250; i += 1) {
      expect(read(good)).toEqual({ sha256: 'a', bytes: 1, more: { at: 2 } })
      expect(() => read(bad)).toThrow(/^the item has no proper more\.at \(.*\): written by hand\?$/)
    }
  })
})
