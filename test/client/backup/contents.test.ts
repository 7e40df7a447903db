import { expect, test } from 'vitest'
import { isKept } from '../../../client/backup/contents.ts'

test.each([
  ['~apt/11.0.0+driver', false],
  ['~apt/', false],
  ['~rpm/11.0.0+driver', false],
  ['~list/bookworm', true],
  ['~drivers', true],
  ['~linux/6.1', true],
  ['10.2.0+driver', true],
])('whether a backup has the item %s of the sources: %s', (id, kept) => {
  expect(isKept({ id: { S: id } })).toBe(kept)
})
