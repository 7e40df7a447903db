// One caller sends hostile submissions and forged names, and keeps a thousand sockets open, all at the same time.

import { execFileSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDynalite } from '../../local/dynamodb/dynalite.ts'
import { isObject, list } from '../../local/wire/json.ts'
import { callerFrom } from '../support/registry/caller.ts'
import { DRIVER_VERSION, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'

const SUBMISSIONS = 200
const NAMES = 10_000
const SOCKETS = 1000

let registry: Registry
let work: Awaited<ReturnType<typeof scratch>>
const attacker = callerFrom('127.0.1.2')
const bystander = callerFrom('127.0.2.2')

beforeAll(async () => {
  work = await scratch()
  registry = await startRegistry({ dataDir: work.dir })
})
afterAll(async () => {
  attacker.end()
  bystander.end()
  await registry.stop()
  await work.remove()
})

const forged = (i: number) => `driver/${DRIVER_VERSION}/x86_64/scap_debian_6.1.9${i}-1-amd64_1.ko`
const idOf = (key: string) => Buffer.from(key).toString('base64url')

function hostile(kheaders: Uint8Array): string {
  const config = Buffer.from('# Linux/x86 6.1.1 Kernel Configuration\nCONFIG_X86_64=y\n').toString('base64')
  const facts = { release: '6.1.1', version: '#1 SMP', machine: 'x86_64', driverVersions: ['10.2.0+driver'] }
  return JSON.stringify({ config, ...facts, kheaders: Buffer.from(kheaders).toString('base64') })
}

/** Counts the answers by status, with at most `atOnce` requests at a time. */
async function tally(times: number, atOnce: number, one: (i: number) => Promise<{ status: number }>) {
  const statuses: Record<number, number> = {}
  let next = 0
  const worker = async () => {
    while (next < times) {
      const i = next
      next += 1
      const { status } = await one(i)
      statuses[status] = (statuses[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return statuses
}

/** Items of the table of probes. */
async function items() {
  const dynalite = await openDynalite(join(work.dir, 'dynamodb'))
  try {
    const { body } = await dynalite.perform('ListTables', {})
    const tables = list(body.TableNames ?? [], 'ListTables').map(String)
    const all = await Promise.all(tables.map((TableName) => dynalite.perform('Scan', { TableName })))
    return all
      .flatMap((answer) => list(answer.body.Items ?? [], 'Scan'))
      .filter(isObject)
      .filter(({ state }) => state !== undefined)
  } finally {
    await dynalite.close()
  }
}
const numberOf = (value: unknown): number => Number((value as { N?: string } | undefined)?.N)

test('200 hostile submissions, 10,000 forged names and 1,000 open sockets of one caller cost no build and leave no probe listed', async () => {
  const bomb = execFileSync('sh', ['-c', 'head -c 300000000 /dev/zero | xz'], { maxBuffer: 1 << 26 })
  const body = hostile(bomb)
  const { url } = registry
  const sockets = [0, 1, 2, 3].flatMap((i) => [
    attacker.hold(`${url}/wait/${forged(i)}`, SOCKETS / 8),
    attacker.hold(`${url}/v1/probes/${idOf(forged(i))}?wait=25`, SOCKETS / 8),
  ])
  const post = () =>
    attacker.ask(`${url}/v1/probes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
  const [submissions, names] = await Promise.all([
    tally(SUBMISSIONS, SUBMISSIONS, post),
    tally(NAMES, 50, (i) => attacker.ask(`${url}/${forged(i)}`)),
  ])
  console.log(`submissions: ${JSON.stringify(submissions)}, names: ${JSON.stringify(names)}`)
  expect(submissions[413] ?? 0).toBeLessThanOrEqual(20)
  expect(submissions[200]).toBeUndefined()
  for (const held of sockets) held.hangUp()
  // Until the last plan is done.
  await sleep(30_000)
  expect(JSON.parse((await bystander.ask(`${url}/v1/probes?limit=100`)).body)).toEqual({ probes: [] })
  expect((await bystander.ask(`${url}/v1/targets`)).status).toBe(200)
  await registry.stop()
  expect(
    (await readdir(join(work.dir, 'builds')).catch(() => [])).filter((name) => name.endsWith('.log')),
  ).toEqual([])
  const left = await items()
  for (const item of left) {
    expect(item.state).toEqual({ S: 'failed' })
    expect(numberOf(item.expires)).toBe(Math.ceil(numberOf(item.retryAt) / 1000))
  }
  // Items that were claimed at the same moment, and could not be paid for, have expired already.
  const live = left.filter(({ expires }) => numberOf(expires) * 1000 > Date.now())
  expect(live.length).toBeLessThanOrEqual(16)
})
