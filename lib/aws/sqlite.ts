// Queries untrusted SQLite databases with Node's library, which can only read a file.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { QueryDatabase } from '../model/ports.ts'

/** Forbid code that the database defines: https://www.sqlite.org/security.html, "Untrusted SQLite Database Files". */
const GUARDS = 'PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0'

export const queryDatabase: QueryDatabase = async (database, query) => {
  const folder = await mkdtemp(join(tmpdir(), 'sqlite-'))
  try {
    const file = join(folder, 'database')
    await writeFile(file, database)
    const opened = new DatabaseSync(file, { readOnly: true })
    try {
      opened.exec(GUARDS)
      return opened.prepare(query).all()
    } finally {
      opened.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
