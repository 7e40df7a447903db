// docs/settings.md has every setting of the schema, with its allowed values, its default and its meaning.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readSettings } from '../../cdk/settings.ts'
import { documentAt, documents, settingsFilesIn } from '../support/documents/markdown.ts'
import { meaningsIn, sections, withTables } from '../support/documents/settings.ts'
import { temporaryFolder } from '../support/local/assembly.ts'

const FILE = join(import.meta.dirname, '../../docs/settings.md')
const page = () => documentAt('docs/settings.md').text
const paths = () => sections().flatMap(({ settings }) => settings.map(({ path }) => path))

describe('docs/settings.md', () => {
  test('has the tables of the schema', async () => {
    await expect(withTables(page())).toMatchFileSnapshot(FILE)
  })

  test('has a sentence on the meaning of each setting', () => {
    const meanings = meaningsIn(page())
    expect(paths().filter((path) => !/^[A-Z`].{10,}\.$/.test(meanings.get(path) ?? ''))).toEqual([])
  })
})

describe('a page', () => {
  test('gets its missing settings, loses obsolete ones, and keeps its own text', () => {
    const old =
      '# Settings\n\n## `loadTest`\n\nWords.\n\n| setting | allowed | default | meaning |\n|---|---|---|---|\n| `loadTest.mode` | no | such | The mode of it. |\n| `loadTest.gone` | x | y | It is gone. |\n'
    const today = withTables(old)
    expect(today).toContain('\nWords.\n')
    expect(today).toContain(
      '| `loadTest.mode` | `required`, `recorded`, `off` | `recorded` | The mode of it. |',
    )
    expect(today).toContain('| `loadTest.maxSeconds` | whole number from 10 to 300 | `60` |  |')
    expect(today).not.toContain('gone')
    expect(withTables(today)).toBe(today)
  })
})

test('settings are found in objects, in entries of lists, and once for all targets of one schema', () => {
  expect(paths()).toEqual(
    expect.arrayContaining([
      'revoked',
      'drivers[].match',
      'cloud.edge.webAcl',
      'debian.suites[].suite',
      '{target}.lists',
    ]),
  )
  expect(new Set(paths()).size).toBe(paths().length)
})

describe('files of settings in documents', () => {
  const examples = documents().flatMap((document) =>
    settingsFilesIn(document).map((text) => ({ path: document.path, text })),
  )
  /** Throws SettingsError for settings that a registry rejects. */
  function read(text: string) {
    const folder = temporaryFolder()
    mkdirSync(folder, { recursive: true })
    const file = join(folder, 'settings.json')
    writeFileSync(file, text)
    return readSettings(file, { local: true })
  }

  test.each(examples)('of $path are valid settings', ({ text }) => {
    expect(read(text)).toBeDefined()
  })

  test('are refused with an unknown setting', () => {
    expect(examples.length).toBeGreaterThan(10)
    expect(() => read('{ "budget": {} }')).toThrow('budget: is not a setting')
  })
})
