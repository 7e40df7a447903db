// Composes a requested root from signed packages, and stores it for all later builds.

import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { packEntries } from '../../formats/tar-pack.ts'
import { sha256 } from '../../model/digest.ts'
import type { Folder, Log } from '../../model/ports.ts'
import { type ComposePorts, composeRoot } from './compose.ts'
import type { RootRecord, RootRecords } from './records.ts'
import type { Root } from './roots.ts'

export interface KeepRootPorts extends ComposePorts {
  readonly records: RootRecords
  /** Makes an empty folder, which exists while `use` runs. */
  readonly withFolder: <T>(use: (folder: Folder) => Promise<T>) => Promise<T>
  readonly log: Log
}

/** Safe to repeat. @throws {ProbeError} those of `composeRoot` and `RootRecords.keep`. */
export async function keepRoot(ports: KeepRootPorts, root: Root): Promise<RootRecord> {
  const { records, withFolder, log } = ports
  const known = await records.find(root.id)
  if (known !== undefined) return known
  return withFolder(async (folder) => {
    await composeRoot(ports, root.packages, folder)
    const { digest, archive } = await packed(folder)
    const { id, suite } = root
    const record = { id, suite, digest, sha256: sha256(archive), bytes: archive.length }
    const kept = await records.keep(record, archive)
    log('root composed', { id, suite, digest, bytes: archive.length, packages: root.packages.length })
    return kept
  })
}

/** Takes a third of the default level's time, for a tenth more bytes. */
const LEVEL = 1

/** The folder's archive in gzip, and the sha256 of the uncompressed archive. */
export async function packed(folder: Folder): Promise<{ digest: string; archive: Uint8Array }> {
  const hash = createHash('sha256')
  function* hashed() {
    for (const chunk of packEntries(folder.entries())) {
      hash.update(chunk)
      // Copies the chunk, because the next one reuses its memory.
      yield Buffer.from(chunk)
    }
  }
  const chunks: Uint8Array[] = []
  await pipeline(hashed, createGzip({ level: LEVEL }), async (gzip: AsyncIterable<Uint8Array>) => {
    for await (const chunk of gzip) chunks.push(chunk)
  })
  return { digest: hash.digest('hex'), archive: Buffer.concat(chunks) }
}

/** The digest of a composed root: the sha256 of its archive. */
export function digestOf(folder: Folder): string {
  const hash = createHash('sha256')
  for (const chunk of packEntries(folder.entries())) hash.update(chunk)
  return hash.digest('hex')
}
