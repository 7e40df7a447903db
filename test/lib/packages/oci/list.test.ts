import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareTags, pageOf, tagsIn, withTag } from '../../../../lib/packages/oci/list.ts'

const tags = fc.uniqueArray(fc.stringMatching(/^[A-Ca-c0-2_][A-Ca-c0-2._-]{0,4}$/), { maxLength: 30 })
const listOf = (all: readonly string[]) => all.reduce((text, tag) => withTag(text, tag, true), '')

test('a list is sorted, whatever came first, and has each tag once', () => {
  fc.assert(
    fc.property(tags, (all) => {
      expect(tagsIn(listOf([...all, ...all]))).toEqual([...all].sort(compareTags))
    }),
  )
})

test('a tag that is taken out is out, and the others stay', () => {
  fc.assert(
    fc.property(tags, (all) => {
      const [first = 'a', ...rest] = all
      expect(withTag(listOf(all), first, false)).toBe(listOf(rest))
      expect(withTag(listOf(rest), first, false)).toBe(listOf(rest))
    }),
  )
})

test('pages of any size hold all tags, each once, and the last says that it is the last', () => {
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

test('a page of nothing is empty, and the page after a tag that is gone begins behind it', () => {
  expect(pageOf('a\nc\n', 0, undefined)).toEqual({ tags: [], isCut: false })
  expect(pageOf('a\nc\n', 5, 'b')).toEqual({ tags: ['c'], isCut: false })
  expect(pageOf('a\nc\n', 5, 'd')).toEqual({ tags: [], isCut: false })
})

test('capitals stand with their small letters', () => {
  expect(tagsIn(listOf(['b', 'B', 'a', 'C']))).toEqual(['a', 'B', 'b', 'C'])
})
