// Checks the trusted keys of archives with gpg.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const FOLDER = 'lib/archives/keys'
/** Rows of the tables: fingerprint, owner, and the certificate in base64. */
const ROW = /['"]([0-9A-F]{40}) ([^\n]*)['"]:\s+'([A-Za-z0-9+/]+={0,2})',/g

interface Row {
  readonly fingerprint: string
  readonly owner: string
  readonly base64: string
}
const rowsOf = (file: string): Row[] =>
  [...readFileSync(`${FOLDER}/${file}`, 'utf8').matchAll(ROW)].map(
    ([, fingerprint = '', owner = '', base64 = '']) => ({ fingerprint, owner, base64 }),
  )

/** gpg's doc/DETAILS: field 10 of `fpr` is the fingerprint, the first after `pub` that of the primary key. */
function shown(base64: string): {
  readonly fingerprints: readonly string[]
  readonly names: readonly string[]
} {
  const listing = execFileSync('gpg', ['--batch', '--no-tty', '--with-colons', '--show-keys'], {
    input: Buffer.from(base64, 'base64'),
    stdio: ['pipe', 'pipe', 'ignore'],
  }).toString()
  const field = (pattern: RegExp) => [...listing.matchAll(pattern)].map(([, value = '']) => value)
  return {
    fingerprints: field(/^pub:.*\n(?:(?!fpr|pub).*\n)*fpr:+([0-9A-F]{40}):/gm),
    names: field(/^uid:(?:[^:]*:){8}([^:]*):/gm),
  }
}

const FILES = readdirSync(FOLDER).filter((file) => file !== 'bottlerocket.ts')

test.each(FILES)('%s lists each key under its fingerprint and one of its names', (file) => {
  const rows = rowsOf(file)
  expect(rows).not.toEqual([])
  for (const { fingerprint, owner, base64 } of rows) {
    const { fingerprints, names } = shown(base64)
    expect(fingerprints).toEqual([fingerprint])
    const name = owner.split(':')[0] ?? ''
    expect(
      names.some((one) => one.replaceAll('\\x3a', ':').includes(name)),
      `${owner} of ${names}`,
    ).toBe(true)
  }
})

test('no row of a table escapes the checks above', () => {
  for (const file of FILES) {
    const certificates = readFileSync(`${FOLDER}/${file}`, 'utf8').match(/'[A-Za-z0-9+/]{60,}={0,2}'/g) ?? []
    expect(rowsOf(file).map(({ base64 }) => `'${base64}'`)).toEqual([...certificates])
  }
})
