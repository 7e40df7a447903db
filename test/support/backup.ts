// Makes a registry's data folder for a backup: two tables, some objects and a key. Reads the result of a restore.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { generateKey } from 'openpgp'
import { onTestFinished } from 'vitest'
import { collect, type Running } from '../../client/backup/collect.ts'
import { openArchive } from '../../client/backup/read.ts'
import { checkContents } from '../../client/backup/restore.ts'
import { writeArchive } from '../../client/backup/write.ts'
import { PUBLIC_KEY_OBJECT } from '../../lib/model/keys.ts'
import { openDynalite } from '../../local/dynamodb/dynalite.ts'
import { openObjects } from '../../local/s3/objects.ts'
import { markForm } from '../../local/start/data-folder.ts'
import { startDynamoDb } from './aws/dynamodb-lab.ts'
import { temporaryFolder } from './local/assembly.ts'

export const QUEUE = 'Registry-FailedEvents'
export const BUCKETS = { artifacts: 'registry-artifacts', inputs: 'registry-inputs' }
/** Stands in the secret, and in nothing that is ever said. */
export const SECRET_FILE = 'secrets/0123456789abcdef.json'

const keyPair = () =>
  generateKey({ type: 'ecc', curve: 'ed25519Legacy', userIDs: [{ name: 'Registry' }], format: 'armored' })

export interface Source {
  readonly running: Running
  /** Writes an item of the index in the form that the registry uses. */
  item(id: string, attributes: Readonly<Record<string, string>>): Promise<void>
  /** Writes a published probe with its sidecars. Returns its object's key. */
  publish(id: string): Promise<string>
  store(bucket: keyof typeof BUCKETS, key: string, body?: string): Promise<void>
  /** Writes a backup. Returns its path. */
  backup(): Promise<string>
  readonly privateKey: string
}

export async function makeSource(): Promise<Source> {
  const lab = await startDynamoDb()
  onTestFinished(lab.stop)
  const dataDir = temporaryFolder()
  const tables = { probes: await lab.table(), sources: await lab.table() }
  const running = { dataDir, client: lab.plain, tables, buckets: BUCKETS, failedEvents: QUEUE, now: () => 0 }
  const objects = openObjects(join(dataDir, 's3'), Object.values(BUCKETS))
  const store: Source['store'] = async (bucket, key, body = `bytes of ${key}`) => {
    const bytes = Buffer.byteLength(body)
    const info = () => ({ key, bytes, etag: '"e"', lastModified: 1, headers: {}, checksums: {} })
    const read = (async function* () {
      yield Buffer.from(body)
    })()
    await objects.put({ bucket: BUCKETS[bucket], key, body: read, info, ifAbsent: false })
  }
  const item: Source['item'] = async (id, attributes) => {
    const values = Object.entries(attributes).map(([name, S]) => [name, { S }])
    await lab.plain.send(
      new PutItemCommand({
        TableName: tables.probes,
        Item: { id: { S: id }, ...Object.fromEntries(values) },
      }),
    )
  }
  const { privateKey, publicKey } = await keyPair()
  await store('artifacts', PUBLIC_KEY_OBJECT, publicKey)
  markForm(dataDir, 1)
  for (const folder of ['secrets', 'custom-resources']) mkdirSync(join(dataDir, folder))
  writeFileSync(
    join(dataDir, SECRET_FILE),
    JSON.stringify({ versions: [{ id: 'v', SecretString: privateKey }] }),
  )
  writeFileSync(join(dataDir, 'custom-resources/SigningKeyPair.json'), '{"physicalId":"f"}')
  return {
    ...{ running, item, store, privateKey },
    publish: async (id) => {
      const objectKey = `${id}/0/x.ko`
      for (const suffix of ['', '.sha256', '.asc', '.log']) await store('artifacts', `${objectKey}${suffix}`)
      await item(id, { state: 'published', objectKey })
      return objectKey
    },
    backup: () => backedUp(running),
  }
}

export async function backedUp(running: Running): Promise<string> {
  const file = join(temporaryFolder(), 'backup.tar')
  const check = async (partial: string) => {
    const archive = await openArchive(partial)
    await checkContents(archive).finally(archive.close)
  }
  await writeArchive(file, async (writer) => void (await collect(running, writer)), check)
  return file
}

/** The ids of the items in the table of a restored folder, read both directly and through an index. */
export async function idsIn(dataDir: string, TableName: string): Promise<string[]> {
  const dynalite = await openDynalite(join(dataDir, 'dynamodb'))
  try {
    const { body } = await dynalite.perform('Scan', { TableName })
    return (body.Items as unknown as { id: { S: string } }[]).map(({ id }) => id.S).sort()
  } finally {
    await dynalite.close()
  }
}

export const objectIn = async (dataDir: string, bucket: keyof typeof BUCKETS, key: string) => {
  const found = await openObjects(join(dataDir, 's3'), []).open(BUCKETS[bucket], key)
  const body = await found?.file.read(Buffer.alloc(found.info.bytes), 0, found.info.bytes, 0)
  await found?.file.close()
  return body?.buffer.toString()
}
