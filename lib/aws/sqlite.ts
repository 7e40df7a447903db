// Queries untrusted SQLite databases with Node's library, which can only read a file.

import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { QueryDatabase } from '../model/ports.ts'

/** Forbid code that the database defines: https://www.sqlite.org/security.html, "Untrusted SQLite Database Files". */
const GUARDS = 'PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0'

export const queryDatabase: QueryDatabase = async (database, query) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'sqlite-'))
  const file = join(folder.path, 'database')
  await writeFile(file, database)
  using opened = new DatabaseSync(file, { readOnly: true })
  opened.exec(GUARDS)
  return opened.prepare(query).all()
}
