import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SETTINGS_ROOM, settingsJson, settingsText } from '../../../lib/aws/settings-text.ts'

const mirrors = (count: number) => ({
  mirrors: Array.from({ length: count }, (_, i) => `https://mirror-${i}.example.org/distribution`),
})

test('settings that fit stay readable, and more are packed', () => {
  expect(settingsText(mirrors(2))).toBe(JSON.stringify(mirrors(2)))
  const packed = settingsText(mirrors(200))
  expect(packed).toMatch(/^[A-Za-z0-9+/]+=*$/)
  expect(packed.length).toBeLessThan(SETTINGS_ROOM)
})

test('what was written is read again', () => {
  const settings = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 50, size: 'large' })
  fc.assert(
    fc.property(settings, (own) => {
      expect(settingsJson(settingsText(own))).toBe(JSON.stringify(own))
    }),
  )
})

test('a text that is neither JSON nor packed is left to the reader of JSON', () => {
  for (const text of ['', 'hold', 'aG9sZA==']) expect(settingsJson(text)).toBe(text)
})
