// The registry trusts the first archive of a version on first use, and permanently. It must not trust an empty file, an
// error page or half an archive.

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFetch } from '../../lib/aws/fetch.ts'
import { createSources } from '../../lib/aws/records.ts'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import type { Probe } from '../../lib/model/probe.ts'
import type { DriverVersions } from '../../lib/model/settings.ts'
import { driverSource } from '../../lib/plan/driver-source.ts'
import { type DynamoDbLab, startDynamoDb } from '../support/aws/dynamodb-lab.ts'
import { memoryStore } from '../support/memory.ts'
import { archiveOf, libsArchive } from '../support/sources.ts'

let table: DynamoDbLab
let server: Server
let base: string
/** the server's answer to every request */
let answer: Uint8Array
beforeAll(async () => {
  table = await startDynamoDb()
  server = createServer((_, response) => response.end(answer))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await table.stop()
})

const VERSION = '10.2.0+driver'
const probe = { driverVersion: VERSION } as Probe
const entry = (recipe: DriverVersions['recipe']): DriverVersions => ({
  ...{ match: '.*', about: '', names: ['falco'], kinds: ['kmod'], recipe },
  source: { from: 'archive', url: `${base}/{driverVersion}.tar.gz` },
})

/** A registry that never saw a source. */
async function registry() {
  const { store, objects } = memoryStore()
  const sources = createSources(table.client, await table.table())
  const ports = {
    ...{ inputs: store, sources, fetch: createFetch(), log: () => {}, settings: DEFAULTS },
    findDriver: async () => undefined,
    readDirectory: async () => new Uint8Array(),
  }
  return {
    objects,
    driver: (recipe: DriverVersions['recipe'] = 'libs') => driverSource(ports, entry(recipe), probe),
    recorded: () => sources.recorded(VERSION),
  }
}

const text = (line: string) => new TextEncoder().encode(line)
const half = (body: Uint8Array) => body.subarray(0, body.length >> 1)
const tar = (body: Uint8Array) => gunzipSync(body)
const xz = (body: Uint8Array) =>
  new Uint8Array(execFileSync('xz', ['-c'], { input: body, maxBuffer: 1 << 26 }))
/** A tar with a file of that many random bytes in addition to the driver: its packed form is no shorter. */
const large = libsArchive(randomBytes(300_000).toString('base64'))
const flipped = (body: Uint8Array) => body.map((byte, at) => (at === body.length >> 1 ? byte ^ 1 : byte))
const unended = (body: Uint8Array) => tar(body).subarray(0, -1024)

const NO_DRIVERS: readonly [string, () => Uint8Array][] = [
  ['an empty file', () => new Uint8Array()],
  ['an error page', () => text('<html>Service temporarily unavailable</html>')],
  ['an empty gzip file', () => gzipSync('')],
  ['an error page in gzip', () => gzipSync('<html>Service temporarily unavailable</html>')],
  ['half an archive', () => half(large)],
  ['an archive without its last byte', () => large.subarray(0, -1)],
  ['an archive that ends between two files', () => gzipSync(unended(large).subarray(0, 512))],
  ['an archive without its end', () => gzipSync(unended(large))],
  ['an archive with a bit that is not its own', () => flipped(large)],
  [
    'an archive of something else',
    () => archiveOf({ 'a/README': 'a', 'a/main.c': '', 'a/b/driver/main.c': '' }),
  ],
  [
    'folders by the names of its files',
    () => archiveOf({ 'libs/driver/main.c/x': '', 'libs/driver/Makefile.in/x': '' }),
  ],
  ['the right archive in another format', () => xz(tar(libsArchive()))],
  ['a bomb', () => gzipSync(Buffer.alloc(600 * 1024 * 1024), { level: 1 })],
]

describe('a driver version', () => {
  test.each(NO_DRIVERS)('still works after a server first answered %s', async (_, body) => {
    const { driver, recorded, objects } = await registry()
    answer = body()
    for (const recipe of ['libs', 'makefile'] as const)
      await expect(driver(recipe)).rejects.toMatchObject({
        code: 'mirror-unreachable',
        message: expect.stringMatching(/\.tar\.gz answers (is not a complete tar\.gz archive|holds no)/),
      })
    expect(await recorded()).toBeUndefined()
    expect(objects.size).toBe(0)
    answer = libsArchive()
    expect(await driver()).toMatchObject({ bytes: answer.length, format: 'tar.gz' })
    expect(await recorded()).toMatchObject({ url: `${base}/10.2.0%2Bdriver.tar.gz` })
  })

  test('is accepted only if its Makefile is where its recipe looks', async () => {
    answer = archiveOf({ 'scap/Makefile': 'all:', 'scap/main.c': '' })
    const { driver } = await registry()
    await expect(driver('libs')).rejects.toMatchObject({ code: 'mirror-unreachable' })
    expect(await driver('makefile')).toMatchObject({ bytes: answer.length })
  })
})
