import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { queryDatabase } from '../../../lib/aws/sqlite.ts'

/** The bytes of a database file. */
function made(...statements: string[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'made-'))
  try {
    const database = new DatabaseSync(join(folder, 'a'))
    for (const statement of statements) database.exec(statement)
    database.close()
    return readFileSync(join(folder, 'a'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith('sqlite-'))

test('returns the rows of a table', async () => {
  const database = made(
    'CREATE TABLE packages (name TEXT, bytes INTEGER)',
    "INSERT INTO packages VALUES ('kernel', 7)",
  )
  expect(await queryDatabase(database, 'SELECT name, bytes FROM packages')).toEqual([
    { name: 'kernel', bytes: 7 },
  ])
})

test('runs no code of the database', async () => {
  const database = made(
    'CREATE TABLE a (name TEXT)',
    "CREATE VIEW packages AS SELECT load_extension('/tmp/evil.so') AS name",
  )
  await expect(queryDatabase(database, 'SELECT name FROM packages')).rejects.toThrow()
})

test.each([
  ['no database', Buffer.from('<html>busy</html>')],
  ['half of one', made('CREATE TABLE packages (name TEXT)').subarray(0, 3000)],
  ['nothing', new Uint8Array()],
])('rejects %s, and leaves no temporary files', async (_, bytes) => {
  const before = left()
  await expect(queryDatabase(bytes, 'SELECT name FROM packages')).rejects.toThrow()
  expect(left()).toEqual(before)
})
