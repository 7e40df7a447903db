import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SETTINGS_ROOM, settingsJson, settingsText } from '../../../lib/aws/settings-text.ts'

const mirrors = (count: number) => ({
  mirrors: Array.from({ length: count }, (_, i) => `https://mirror-${i}.example.org/distribution`),
})

test('short settings stay readable, and long ones are compressed', () => {
  expect(settingsText(mirrors(2))).toBe(JSON.stringify(mirrors(2)))
  const packed = settingsText(mirrors(200))
  expect(packed).toMatch(/^[A-Za-z0-9+/]+=*$/)
  expect(packed.length).toBeLessThan(SETTINGS_ROOM)
})

test('written settings are read back unchanged', () => {
  const settings = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 50, size: 'large' })
  fc.assert(
    fc.property(settings, (own) => {
      expect(settingsJson(settingsText(own))).toBe(JSON.stringify(own))
    }),
  )
})

test('a text that is neither JSON nor compressed stays unchanged', () => {
  for (const text of ['', 'hold', 'aG9sZA==']) expect(settingsJson(text)).toBe(text)
})
