// Makes a backup of a registry and restores it into a new data folder.

import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import { openArchive } from '../../../client/backup/read.ts'
import { checkContents, restoreInto } from '../../../client/backup/restore.ts'
import { encodeKernel } from '../../../lib/model/kernel.ts'
import { inputKey, kernelKey, PUBLIC_KEY_OBJECT } from '../../../lib/model/keys.ts'
import { type Message, openQueue } from '../../../local/sqs/queue.ts'
import { claimDataFolder, openDataFolder, RESTORING } from '../../../local/start/data-folder.ts'
import { BUCKETS, backedUp, idsIn, makeSource, objectIn, QUEUE, SECRET_FILE } from '../../support/backup.ts'
import { temporaryFolder } from '../../support/local/assembly.ts'

type Send = (command: Parameters<DynamoDBClient['send']>[0]) => Promise<unknown>

async function restored(file: string, dir = join(temporaryFolder(), 'data')): Promise<string> {
  const archive = await openArchive(file)
  try {
    await checkContents(archive)
    await restoreInto(dir, archive)
    return dir
  } finally {
    await archive.close()
  }
}

const stored = (digit: string) => ({ sha256: digit.repeat(64), bytes: 1 })
const KERNEL = encodeKernel({
  config: 'a'.repeat(64),
  kernel: {
    ...{
      arch: 'x86_64',
      target: 'vanilla',
      kernelRelease: '6.1.0',
      kernelVersion: '1',
      unameRelease: '6.1.0',
    },
    ...{
      configSha256: 'a'.repeat(64),
      configMd5: 'b'.repeat(32),
      config: stored('c'),
      kheaders: stored('d'),
    },
    ...{ kernelUrls: [], sourceVersion: '6.1', compiler: 'gcc-12', refused: {}, force: false },
  },
})

describe('a restored data folder', () => {
  test('has every item, object and kernel and the key unchanged, and only for this user', async () => {
    const { running, publish, item, store, backup } = await makeSource()
    const objectKey = await publish('driver/p')
    await store('artifacts', 'driver/f/failed/1.log')
    await item('driver/f', { state: 'failed', logKey: 'driver/f/failed/1.log' })
    await item('driver/a', { state: 'alias', of: 'driver/p' })
    await store('inputs', kernelKey('k/1'), KERNEL)
    for (const digit of ['c', 'd', 'e']) await store('inputs', inputKey(digit.repeat(64)))
    const dir = await restored(await backup())
    expect(await idsIn(dir, running.tables.probes)).toEqual(['driver/a', 'driver/f', 'driver/p'])
    for (const key of [objectKey, `${objectKey}.asc`, `${objectKey}.log`, 'driver/f/failed/1.log'])
      expect(await objectIn(dir, 'artifacts', key)).toBe(`bytes of ${key}`)
    expect(await objectIn(dir, 'inputs', kernelKey('k/1'))).toBe(KERNEL)
    expect(await objectIn(dir, 'inputs', inputKey('d'.repeat(64)))).toBeDefined()
    // A package from a package list, which the registry can fetch again.
    expect(await objectIn(dir, 'inputs', inputKey('e'.repeat(64)))).toBeUndefined()
    for (const name of [SECRET_FILE, 'custom-resources/SigningKeyPair.json']) {
      expect(readFileSync(join(dir, name), 'utf8')).toBe(readFileSync(join(running.dataDir, name), 'utf8'))
      expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600)
    }
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    expect(readdirSync(dir).sort()).toEqual(
      ['custom-resources', 'dynamodb', 'lock.sqlite', 's3', 'secrets', 'stack.json'].sort(),
    )
    openDataFolder({ dir, log: () => {}, onLost: () => {} }).close()
  })

  test('has the failed events, so that the operator can see them and send them again', async () => {
    const { running, backup } = await makeSource()
    const queueOf = (dir: string) =>
      openQueue({
        ...{ dir: join(dir, 'queues', QUEUE), retentionMs: 1000, maxBytes: 1_048_576 },
        ...{ now: () => 5, log: () => {} },
      })
    const queue = queueOf(running.dataDir)
    const events: Message[] = [
      { body: '{"detail":{"key":"driver/p"}}', attributes: { ERROR_CODE: 'NO_PERMISSIONS' } },
      // JSON makes it six times as long.
      { body: '\u0001'.repeat(1_048_576), attributes: {} },
    ]
    const ids = events.map((event) => queue.send(event))
    const [gone] = [queue.send({ body: 'forgotten', attributes: {} })]
    const receipt = queue.receive(3, 0).find(({ id }) => id === gone)!.receipt
    expect(queue.remove(receipt)).toBe(true)
    const found = queueOf(await restored(await backup())).receive(10, 0)
    const byId = new Map(found.map(({ id, body, attributes, sent }) => [id, { body, attributes, sent }]))
    expect(byId).toEqual(new Map(ids.map((id, i) => [id, { ...events[i], sent: 5 }])))
  })

  test('has no probe that was being built, so the next request builds it', async () => {
    const { running, publish, item, backup } = await makeSource()
    await publish('driver/p')
    await item('driver/b', { state: 'building', claim: 'c' })
    expect(await idsIn(await restored(await backup()), running.tables.probes)).toEqual(['driver/p'])
  })

  test('has all objects of a probe that was published during the backup, or not its item', async () => {
    const { running, publish } = await makeSource()
    await publish('driver/1')
    // The registry publishes another probe after each answer of the tables.
    let next = 1
    const send: Send = async (command) => {
      const answer = await running.client.send(command)
      next += 1
      await publish(`driver/${next}`)
      return answer
    }
    const client = Object.assign(Object.create(running.client), { send })
    const dir = await restored(await backedUp({ ...running, client }))
    const ids = await idsIn(dir, running.tables.probes)
    expect(ids.length).toBeGreaterThan(1)
    for (const id of ids) expect(await objectIn(dir, 'artifacts', `${id}/0/x.ko.asc`)).toBeDefined()
  })

  test('has all 1100 items of a table with several pages', async () => {
    const { running, item, backup } = await makeSource()
    for (let i = 0; i < 1100; i += 1) await item(`driver/${i}`, { state: 'alias', of: 'x'.repeat(100) })
    const dir = await restored(await backup())
    expect((await idsIn(dir, running.tables.probes)).length).toBe(1100)
  })
})

describe('the command makes no backup', () => {
  test('if an object of the index is missing', async () => {
    const { item, backup } = await makeSource()
    await item('driver/p', { state: 'published', objectKey: 'driver/p/0/x.ko' })
    await expect(backup()).rejects.toThrow(/^the object driver\/p\/0\/x\.ko is missing/)
  })

  test('if the signing key does not match the public key of hosts, and does not show the key', async () => {
    const [one, other] = [await makeSource(), await makeSource()]
    const text = JSON.stringify({ versions: [{ id: 'v', SecretString: other.privateKey }] })
    writeFileSync(join(one.running.dataDir, SECRET_FILE), text)
    const error = await one.backup().catch((found: unknown) => found)
    expect(String(error)).toMatch(/the signing key does not match the published public key/)
    expect(String(error)).not.toContain('PRIVATE')
  })
})

describe('the command restores nothing', () => {
  test('into a folder that is not empty, and leaves it unchanged', async () => {
    const { backup } = await makeSource()
    const file = await backup()
    const dir = temporaryFolder()
    writeFileSync(join(dir, 'mine'), '')
    await expect(restored(file, dir)).rejects.toThrow(`${dir} is not empty (mine is in it)`)
    expect(readdirSync(dir)).toEqual(['mine'])
    const first = await restored(file)
    await expect(restored(file, first)).rejects.toThrow('is not empty')
  })

  test('into a folder that a registry uses, or into a folder inside it', async () => {
    const { backup } = await makeSource()
    const file = await backup()
    const dir = temporaryFolder()
    const { unlock } = claimDataFolder(dir)
    await expect(restored(file, dir)).rejects.toThrow('is in use by another running registry')
    unlock()
    await restored(file, dir)
    await expect(restored(file, join(dir, 'inner'))).rejects.toThrow('which another registry has')
  })

  test('if the archive lacks an object or a secret that it needs', async () => {
    const { backup, publish, running } = await makeSource()
    await publish('driver/p')
    const archive = await openArchive(await backup())
    const { parts } = archive
    const fewer = (path: RegExp) => new Map([...parts].filter(([name]) => !path.test(name)))
    for (const path of [/^objects\//, /^secrets\//, /^custom-resources\//])
      await expect(checkContents({ ...archive, parts: fewer(path) })).rejects.toThrow(/lacks|signing key/)
    await archive.close()
    expect(running.buckets).toEqual(BUCKETS)
  })

  test('if the archive has failed events but not the name of their queue', async () => {
    const { backup, running } = await makeSource()
    mkdirSync(join(running.dataDir, 'queues', QUEUE), { recursive: true })
    const name = `000000000000005-${'0'.repeat(36)}.json`
    writeFileSync(join(running.dataDir, 'queues', QUEUE, name), '{"body":"","attributes":{}}')
    const archive = await openArchive(await backup())
    const { failedEvents: _, ...header } = archive.header
    await expect(checkContents({ ...archive, header })).rejects.toThrow('not the name of their queue')
    await archive.close()
  })

  test('if the data has a newer form', async () => {
    const { backup } = await makeSource()
    const archive = await openArchive(await backup())
    const newer = { ...archive, header: { ...archive.header, dataForm: 99 } }
    await expect(checkContents(newer)).rejects.toThrow(/newer version of this software \(form 99; this one/)
    await archive.close()
  })

  test('and empties the folder again if it fails', async () => {
    const { backup } = await makeSource()
    const archive = await openArchive(await backup())
    const dir = temporaryFolder()
    mkdirSync(join(dir, 'lost+found'))
    const { tables } = archive.header
    const twice = { ...archive, header: { ...archive.header, tables: { ...tables, sources: tables.probes } } }
    await expect(restoreInto(dir, twice)).rejects.toThrow('its tables cannot be made')
    expect(readdirSync(dir).filter((name) => !name.startsWith('lock.sqlite'))).toEqual(['lost+found'])
    await restoreInto(dir, archive)
    await archive.close()
    expect(await objectIn(dir, 'artifacts', PUBLIC_KEY_OBJECT)).toContain('PUBLIC KEY')
  })
})

test('no registry starts in a folder with an interrupted restore', () => {
  const dir = temporaryFolder()
  writeFileSync(join(dir, RESTORING), '')
  expect(() => openDataFolder({ dir, log: () => {}, onLost: () => {} })).toThrow(
    'a restore into it was interrupted',
  )
  expect(existsSync(join(dir, 'stack.json'))).toBe(false)
})
