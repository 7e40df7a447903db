// Tests the documents: README.md links to all others, no link is dead, and every command is run by a test.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FUNCTIONS } from '../cdk/bundle.ts'
import { FAILURE_REASONS } from '../lib/model/probe.ts'
import { RUNS, runOf, unused } from './support/documents/commands.ts'
import {
  commandsOf,
  deadLinks,
  documentAt,
  documents,
  heldSentences,
  linkedFrom,
  longSentences,
  unplain,
} from './support/documents/markdown.ts'

const ROOT = join(import.meta.dirname, '..')
const MAX_LINES = 110

const commands = () => documents().flatMap(commandsOf)
const sample = (...lines: string[]) => ({ path: 'docs/sample.md', text: lines.join('\n') })

test('README.md has at most 110 lines', () => {
  expect(documentAt('README.md').text.trimEnd().split('\n').length).toBeLessThanOrEqual(MAX_LINES)
})

test('README.md shows two commands to try the registry', () => {
  const [, section = ''] = documentAt('README.md').text.split('\n## Try it\n')
  const shown = commandsOf({ path: 'README.md', text: section.split('\n## ')[0] ?? '' })
  expect(shown).toHaveLength(2)
})

test('README.md links to every other document', () => {
  const linked = linkedFrom(documentAt('README.md'))
  const others = documents().map(({ path }) => path)
  expect(others.filter((path) => path !== 'README.md' && !linked.has(path))).toEqual([])
})

describe('the glossary', () => {
  /** The terms with their meanings. */
  const glossary = () => {
    const [, section = ''] = documentAt('CONTRIBUTING.md').text.split('\n## Glossary\n')
    const rows = [...section.matchAll(/^\| ([^|]+) \| ([^|]+) \|$/gm)].slice(1)
    return rows.map(([, term = '', meaning = '']) => ({ term, meaning }))
  }

  test('has the terms of the field', () => {
    const terms = glossary().map(({ term }) => term)
    for (const term of [
      ...['segment', 'sidecar', 'long poll', 'daily build limit', 'trust on first use', 'sanitize'],
      ...['Packages index', 'build definition', 'build root', 'claim', 'statement', 'target', 'kind'],
      ...['kernel release', 'kernel version', 'uname release', 'driver version', 'probe', 'load test'],
    ])
      expect(terms).toContain(term)
  })

  test('has them in alphabetical order, each once', () => {
    const terms = glossary().map(({ term }) => term.toLowerCase())
    expect(terms).toEqual([...new Set(terms)].sort())
  })
})

describe('links', () => {
  test.each(documents())('of $path lead to existing files and headings', (document) => {
    expect(deadLinks(document)).toEqual([])
  })

  test('are dead without their file or their heading', () => {
    const alive = '[a](../README.md) [b](operations.md#runbook) [c](#one-and-two) [d](https://e.org)'
    const dead = '[e](README.md) [f](../docs/operations.md#nowhere) [g](#one)'
    expect(deadLinks(sample('# One, and `two`', '', alive, '', `* ${dead}`))).toEqual([
      'README.md',
      '../docs/operations.md#nowhere',
      '#one',
    ])
  })
})

describe('commands', () => {
  test('are run by a test, or the table gives the reason why not', () => {
    expect(commands().filter((command) => runOf(command) === undefined)).toEqual([])
  })

  test('in the table are all in a document', () => {
    expect(unused(commands())).toEqual([])
  })

  test('that another test runs name an existing test', () => {
    const files = Object.values(RUNS).flatMap((run) => (run.by === 'test' ? [run.file] : []))
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
  })

  test('are all lines of an indented block or an sh block, and the text after a prompt', () => {
    const session = ['```text', '# sh install', 'it says', '$ as-user', '```']
    const script = ['```sh', '# why', 'first | second', '', 'third', '```']
    expect(
      commandsOf(
        sample('Say:', '', '    unknown --option', '', ...session, ...script, '```json', '{}', '```'),
      ),
    ).toEqual(['unknown --option', 'sh install', 'as-user', 'first | second', 'third'])
  })

  test('cannot be in a block without a language', () => {
    expect(() => commandsOf(sample('```', 'curl', '```'))).toThrow('docs/sample.md')
  })

  test('of npm are scripts of package.json', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    const named = documents().flatMap(({ text }) => [
      ...text.matchAll(/\bnpm (?:(start|test)\b|run ([\w:-]+))/g),
    ])
    expect(named.length).toBeGreaterThan(3)
    for (const [, own, run] of named) expect(scripts).toHaveProperty([own ?? run ?? ''])
  })
})

const ofAws = () => heldSentences(documentAt('docs/aws.md'), 'Held by a test')
describe('plain words', () => {
  test.each(documents())('are used in $path', (document) => {
    expect(unplain(document)).toEqual([])
  })

  test.each(documents())('make short sentences in $path', (document) => {
    expect(longSentences(document)).toEqual([])
  })

  test('do not form a sentence of more than thirty words, not even in a list or a table', () => {
    const [long, longer] = [`${'word '.repeat(29)}last.`, `${'word '.repeat(30)}last.`]
    const text = [`${long} ${long}`, '', `* ${longer}`, '', '| a |', '|---|', `| ${longer} |`].join('\n')
    expect(longSentences(sample(text))).toEqual([longer, longer])
  })

  test('do not include these', () => {
    const text =
      'It is told, and stands beside it: a tool at hand is no use, and there is no other. `told` [that](told.md "it stands")'
    expect(unplain(sample(text))).toEqual(['told', 'stands', 'beside', 'at hand', 'is no use'])
  })
})

const trusted = () => heldSentences(documentAt('docs/security.md'), 'Who is trusted with what')

describe('a section with a test for each sentence', () => {
  test.each([
    ['who is trusted with what', trusted],
    ['what AWS does', ofAws],
  ])('on %s has more than thirty sentences, each with a link to an existing test', (_, sentences) => {
    expect(sentences().length).toBeGreaterThan(30)
    for (const { sentence, tests } of sentences()) {
      expect(tests.length, sentence).toBeGreaterThan(0)
      for (const { file, name } of tests) {
        expect(name, sentence).not.toBe('')
        expect(readFileSync(join(ROOT, file), 'utf8'), sentence).toContain(name)
      }
    }
  })

  test('on AWS also links a page of AWS in each sentence, and no test twice', () => {
    for (const { sentence, pages } of ofAws())
      expect(
        pages.some((page) => /^https:\/\/docs\.aws\.amazon\.com\/[\w/.-]+\.html$/.test(page)),
        sentence,
      ).toBe(true)
    const named = ofAws().flatMap(({ tests }) => tests.map(({ file, name }) => `${file} ${name}`))
    expect(named.filter((test, i) => named.indexOf(test) !== i)).toEqual([])
  })

  test('on trust links every test of an attack', () => {
    const named = new Set(trusted().flatMap(({ tests }) => tests.map(({ file }) => file)))
    const attacks = readdirSync(join(ROOT, 'test/attacks')).filter((name) => !name.endsWith('.long.test.ts'))
    expect(attacks.filter((name) => !named.has(`test/attacks/${name}`))).toEqual([])
  })
})

test('docs/operations.md explains every reason of a failure', () => {
  const [, section = ''] = documentAt('docs/operations.md').text.split('\n## Reasons of failures\n')
  const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `([a-z-]+)` \|(?: [^|]+ \|){3}$/gm)]
  expect(rows.map(([, reason]) => reason).sort()).toEqual([...FAILURE_REASONS].sort())
})

test('docs/architecture.md names every function', () => {
  const { text } = documentAt('docs/architecture.md')
  const rows = [...text.matchAll(/^\| (`[a-z0-9`, -]+`) \| [^|]* \| [^|]*\|$/gm)].map(
    ([, names = '']) => names,
  )
  const named = rows.flatMap((names) => names.split(', ')).map((name) => name.replaceAll('`', ''))
  expect(named).toEqual(expect.arrayContaining([...FUNCTIONS]))
})

test('docs/architecture.md names every folder of lib', () => {
  const { text } = documentAt('docs/architecture.md')
  const named = [...text.matchAll(/^\| \d \| `([a-z]+)` \|/gm)].map(([, room]) => room)
  expect(named.sort()).toEqual(readdirSync(join(ROOT, 'lib')).sort())
})
