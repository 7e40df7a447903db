// `probe-registry restore`: restores a local registry from a backup.

import { type Archive, openArchive } from '../backup/read.ts'
import { checkContents, restoreInto } from '../backup/restore.ts'
import { readLine, said, UsageError } from '../command-line.ts'
import { asOperator, DATA, printable } from '../operator.ts'

const USAGE = `Usage: probe-registry restore [--data DIR] FILE

Restores FILE, which \`probe-registry backup\` wrote, to the new or empty folder DIR (default: .data). First it checks all of
FILE: if FILE is truncated, changed or from a newer version, nothing is written. Afterwards \`npm start\` with DATA_DIR=DIR
serves the same probes with the same signatures, and signs with the same key.
This is for a registry on one machine. AWS restores a deployed one: point-in-time recovery of its tables.
Exit status: 0 restored; 2 nothing was restored, with the reason.
`

const OPTIONS = { data: { type: 'string' }, help: { type: 'boolean' } } as const

async function opened(file: string): Promise<Archive> {
  try {
    return await openArchive(file)
  } catch (error) {
    throw refused(file, error)
  }
}

const refused = (file: string, cause: unknown): Error =>
  new Error(`${file}: ${said(cause)}. Nothing was restored`, { cause })

async function restore(dataDir: string, file: string): Promise<string> {
  const archive = await opened(file)
  try {
    await checkContents(archive)
    await restoreInto(dataDir, archive)
    return archive.header.madeAt
  } catch (error) {
    throw refused(file, error)
  } finally {
    await archive.close()
  }
}

await asOperator('restore', USAGE, async () => {
  const { values, positionals } = readLine(process.argv.slice(2), OPTIONS)
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new UsageError('it takes one FILE')
  const dataDir = values.data ?? DATA
  const madeAt = await restore(dataDir, file)
  console.log(
    printable(`${dataDir} is the registry of ${madeAt}: start it with DATA_DIR=${dataDir} npm start`),
  )
  return 0
})
