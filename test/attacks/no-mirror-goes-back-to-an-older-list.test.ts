// A mirror, or somebody who answers in its place, replays an old list that its archive signed, with the holes of that day.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCleartextMessage, generateKey, sign } from 'openpgp'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { fetchRelease } from '../../lib/archives/apt/in-release.ts'
import type { Suite } from '../../lib/archives/apt/suite.ts'
import { createFetch } from '../../lib/aws/fetch.ts'
import { createListDates } from '../../lib/aws/records.ts'
import type { ListDates, Log } from '../../lib/model/ports.ts'
import { type DynamoDbLab, startDynamoDb } from '../support/aws/dynamodb-lab.ts'
import { memoryStore } from '../support/memory.ts'

const DAY = 24 * 3_600_000
const NOW = Date.UTC(2026, 10, 23, 12)
const YEARS = 3653 * DAY

let table: DynamoDbLab
let keyring: string
let signed: (date: number, fields?: string) => Promise<string>
const servers: Server[] = []

beforeAll(async () => {
  table = await startDynamoDb()
  const { privateKey, publicKey } = await generateKey({
    type: 'rsa',
    rsaBits: 2048,
    userIDs: [{ name: 'Archive' }],
    format: 'object',
    date: new Date(NOW - 30 * DAY),
  })
  keyring = publicKey.armor()
  signed = async (date, fields = `Date: ${new Date(date).toUTCString()}\n`) =>
    sign({
      message: await createCleartextMessage({ text: `Origin: Debian\nCodename: bookworm\n${fields}` }),
      signingKeys: privateKey,
      // No later than now, because a signature of the future is refused for its date.
      date: new Date(Math.min(date, NOW - 1000)),
    })
})
afterAll(async () => {
  for (const server of servers) server.close()
  await table.stop()
})

let lists: ListDates
let inputs: ReturnType<typeof memoryStore>
let lines: { event: string; fields: Parameters<Log>[1] }[]
beforeEach(async () => {
  lists = createListDates(table.client, await table.table())
  inputs = memoryStore()
  lines = []
})

/** A mirror at an address of its own that serves this list. */
async function mirror(list: string, more: Partial<Suite> = {}): Promise<Suite> {
  const server = createServer((_, response) => response.end(list))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { mirror: `http://127.0.0.1:${port}/debian`, suite: 'bookworm', ...more }
}

const read = (suite: Suite, now = NOW) =>
  fetchRelease(
    {
      ...{ fetch: createFetch(), now: () => now, keyring, lists, inputs: inputs.store },
      log: (event, fields) => void lines.push({ event, fields }),
    },
    suite,
  )

const refused = (why: RegExp) =>
  expect.objectContaining({ code: 'signature-invalid', message: expect.stringMatching(why) })

const PATH = 'main/binary-amd64/Packages.xz'
/** A list of that date with that digest of the file, and the digest that the registry trusts after a reading. */
const naming = (date: number, digit: string, more = '') =>
  signed(date, `Date: ${new Date(date).toUTCString()}\n${more}SHA256:\n ${digit.repeat(64)} 12 ${PATH}\n`)
const believed = async (suite: Suite, now = NOW) => (await read(suite, now)).get(PATH)?.sha256[0]

test('an older list of another mirror does not replace a newer list, even years later', async () => {
  expect(await believed(await mirror(await naming(NOW - DAY, 'a')))).toBe('a')
  const old = await mirror(await naming(NOW - 2 * DAY, 'b'))
  expect(await believed(old)).toBe('a')
  expect(lines.at(-1)).toMatchObject({
    event: 'mirror is behind',
    fields: { mirror: old.mirror, ageDays: 2 },
  })
  expect(await believed(old, NOW + 10 * YEARS)).toBe('a')
  // A second request to that mirror does not change this.
  expect(await believed(old)).toBe('a')
  expect(await believed(await mirror(await naming(NOW - DAY / 2, 'c')))).toBe('c')
  expect(await believed(old)).toBe('c')
})

test('a list that was read before is not trusted past its Valid-Until either', async () => {
  const until = `Valid-Until: ${new Date(NOW + DAY).toUTCString()}\n`
  await read(await mirror(await naming(NOW - DAY, 'a', until)))
  const old = await mirror(await naming(NOW - 2 * DAY, 'b'))
  expect(await believed(old)).toBe('a')
  await expect(read(old, NOW + 2 * DAY)).rejects.toEqual(refused(/was valid until/))
})

test('an older list is refused if the newest one is lost', async () => {
  await read(await mirror(await naming(NOW - DAY, 'a')))
  inputs.objects.clear()
  const old = await mirror(await naming(NOW - 2 * DAY, 'b'))
  await expect(read(old)).rejects.toEqual(
    refused(/is of .*, 2 days old, and one of .* was read before: .* use another mirror/),
  )
})

test('the log has the age of a trusted list', async () => {
  const suite = await mirror(await signed(NOW - 3 * DAY))
  await read(suite)
  await read(suite, NOW + 10 * YEARS)
  expect(lines.map(({ fields }) => fields?.ageDays)).toEqual([3, 3 + 36530])
  expect(lines[0]).toMatchObject({ event: 'list read', fields: { mirror: suite.mirror, suite: 'bookworm' } })
})

test('another archive with a suite of the same name has dates of its own', async () => {
  await read(await mirror(await signed(NOW - DAY)))
  const date = `Date: ${new Date(NOW - 2 * DAY).toUTCString()}\n`
  await read(await mirror(await signed(NOW - 2 * DAY, `Label: Raspbian\n${date}`)))
})

test('a snapshot is trusted although it is old, and does not replace the newer list', async () => {
  await read(await mirror(await naming(NOW - DAY, 'a')))
  const snapshot = await mirror(await naming(NOW - 20 * DAY, 'b'), { ofThePast: true })
  expect(await believed(snapshot)).toBe('b')
  expect(await believed({ ...snapshot, ofThePast: false })).toBe('a')
})

test('a list of the future is refused, and does not make current lists old', async () => {
  await expect(read(await mirror(await signed(NOW + 2 * DAY)))).rejects.toEqual(refused(/in the future/))
  await expect(read(await mirror(await signed(NOW - DAY)))).resolves.toBeDefined()
})

test.each(['', 'Date: soon\n', 'Dated: x\n'])('a list without a date (%j) is refused', async (fields) => {
  await expect(read(await mirror(await signed(NOW - DAY, fields)))).rejects.toEqual(refused(/it has no date/))
})
