import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareTags, pageOf, tagsIn, withTag } from '../../../../lib/packages/oci/list.ts'

const tags = fc.uniqueArray(fc.stringMatching(/^[A-Ca-c0-2_][A-Ca-c0-2._-]{0,4}$/), { maxLength: 30 })
const listOf = (all: readonly string[]) => all.reduce((text, tag) => withTag(text, tag, true), '')

test('a list is sorted and has each tag once, for any order of additions', () => {
  fc.assert(
    fc.property(tags, (all) => {
      expect(tagsIn(listOf([...all, ...all]))).toEqual([...all].sort(compareTags))
    }),
  )
})

test('the list loses a removed tag and keeps the others', () => {
  fc.assert(
    fc.property(tags, (all) => {
      const [first = 'a', ...rest] = all
      expect(withTag(listOf(all), first, false)).toBe(listOf(rest))
      expect(withTag(listOf(rest), first, false)).toBe(listOf(rest))
    }),
  )
})

test('pages of any size have each tag once, and the last page is marked as the last', () => {
  fc.assert(
    fc.property(tags, fc.integer({ min: 1, max: 7 }), (all, n) => {
      const text = listOf(all)
      const found: string[] = []
      for (let last: string | undefined; ; last = found.at(-1)) {
        const page = pageOf(text, n, last)
        found.push(...page.tags)
        if (!page.isCut) break
      }
      expect(found).toEqual(tagsIn(text))
    }),
  )
})

test('a page of size 0 is empty, and a page after a missing tag begins at the next tag', () => {
  expect(pageOf('a\nc\n', 0, undefined)).toEqual({ tags: [], isCut: false })
  expect(pageOf('a\nc\n', 5, 'b')).toEqual({ tags: ['c'], isCut: false })
  expect(pageOf('a\nc\n', 5, 'd')).toEqual({ tags: [], isCut: false })
})

test('the order ignores case', () => {
  expect(tagsIn(listOf(['b', 'B', 'a', 'C']))).toEqual(['a', 'B', 'b', 'C'])
})
