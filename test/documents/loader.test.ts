// Tests that docs/client.md quotes the loader's messages and exit statuses exactly.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { documentAt } from '../support/documents/markdown.ts'

const LOADER = readFileSync(join(import.meta.dirname, '../../client/falco-driver-loader'), 'utf8')

/** First cells of the table below a heading of docs/client.md. */
function firstCells(heading: string): string[] {
  const [, after = ''] = documentAt('docs/client.md').text.split(`\n## ${heading}\n`)
  const [section = ''] = after.split('\n## ')
  return [...section.matchAll(/^\| (.+?) \|/gm)].map(([, cell = '']) => cell).slice(1)
}

/** `...` in a message matches any text. */
const isSaid = (message: string): boolean =>
  LOADER.split('\n').some((line) => {
    const [first = '', last = ''] = message.split('...')
    const at = line.indexOf(first)
    return at >= 0 && line.indexOf(last, at + first.length) >= 0
  })

describe('docs/client.md', () => {
  const messages = firstCells('Messages of the loader').flatMap((cell) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, message = '']) => message),
  )

  test('quotes messages of the loader', () => {
    expect(messages.length).toBeGreaterThan(15)
    expect(messages.filter((message) => !isSaid(message))).toEqual([])
  })

  test('has the exit statuses of the loader, and no others', () => {
    const [, help = ''] = /Exit status: ([\s\S]*?)\n\n/.exec(LOADER) ?? []
    const known = [...help.matchAll(/(?:^|\s{2,})([0-9]) /gm)].map(([, status = '']) => status)
    expect(firstCells('Exit statuses')).toEqual(known.sort())
  })
})
