// A hundred waiting sockets of one address once made all of /v1 answer 503.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { idOf } from '../../lib/api/view.ts'
import { type Answered, type Caller, callerFrom, type Held } from '../support/registry/caller.ts'
import { DRIVER_VERSION, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'
import { type SilentMirror, startSilentMirror } from '../support/registry/silent-mirror.ts'

let registry: Registry
let mirror: SilentMirror
let work: Awaited<ReturnType<typeof scratch>>
const bystander = callerFrom('127.0.0.1')
const FILE = 'scap_debian_6.1.192-2-amd64_1.ko'
const KEY = `driver/${DRIVER_VERSION}/x86_64/${FILE}`
/** a path for old clients, which follow no redirect */
const OLD = `/kernel-module/${DRIVER_VERSION}/${FILE}`

beforeAll(async () => {
  work = await scratch()
  mirror = await startSilentMirror()
  registry = await startRegistry({ dataDir: work.dir, settings: mirror.settings })
  // The probe's plan waits for the mirror, so everybody who requests the probe waits.
  expect((await bystander.ask(`${registry.url}/${KEY}`)).status).toBe(307)
})
afterAll(async () => {
  await registry.stop()
  await mirror.end()
  await work.remove()
})

let held: { caller: Caller; held: Held } | undefined
afterEach(async () => {
  held?.held.hangUp()
  await held?.held.done
  held?.caller.end()
})

/** Opens that many sockets from one address, until each of them is refused or waits. */
async function attack(address: string, path: string, times: number): Promise<Held> {
  const caller = callerFrom(address)
  held = { caller, held: caller.hold(registry.url + path, times) }
  const began = Date.now()
  let before = -1
  while (before !== held.held.answered.length || Date.now() - began < 5000) {
    before = held.held.answered.length
    await sleep(1500)
  }
  return held.held
}

/** During the burst the gateway itself may have no room. It does not distinguish callers, and the burst is short. */
const isRefusal = ({ status, headers, body }: Answered) =>
  status === 503 &&
  (body === '{"message":"Service Unavailable"}' ||
    (Number(headers['retry-after']) <= 120 && JSON.parse(body).code === 'too-many-waits'))

/** Others have room, and each refusal of the attacker has a code and a time to retry. */
async function expectRoom(attacker: Held, most: number): Promise<void> {
  expect(attacker.open()).toBeLessThanOrEqual(most)
  expect(attacker.open()).toBeGreaterThan(0)
  for (const answer of attacker.answered) expect(answer).toSatisfy(isRefusal)
  expect((await bystander.ask(`${registry.url}/v1/targets`)).status).toBe(200)
  const one = await bystander.ask(`${registry.url}/v1/probes/${idOf(KEY)}?wait=1`)
  expect(one).toMatchObject({ status: 200, body: expect.stringContaining('"building"') })
}

describe('one caller that waits', () => {
  test('for the end of a build at /v1 keeps nobody out', async () => {
    await expectRoom(await attack('127.0.1.2', `/v1/probes/${idOf(KEY)}?wait=25`, 130), 20)
  })

  test('for the first list of driver versions keeps nobody out', async () => {
    await expectRoom(await attack('127.0.2.2', '/v1/driver-versions', 130), 20)
  })

  test('for bytes, by a name from before May 2020, keeps nobody out', async () => {
    await expectRoom(await attack('127.0.3.2', OLD, 60), 20)
    // Another caller with such a name waits, and is not refused.
    const other = callerFrom('127.0.30.2')
    const waiting = other.hold(registry.url + OLD, 1)
    await sleep(1500)
    expect(waiting.answered).toEqual([])
    waiting.hangUp()
    other.end()
  })

  test('for a build at /wait keeps nobody out', async () => {
    await expectRoom(await attack('127.0.4.2', `/wait/${KEY}`, 600), 240)
    const other = callerFrom('127.0.40.2')
    const waiting = other.hold(`${registry.url}/wait/${KEY}`, 20)
    await sleep(1500)
    expect(waiting.answered).toEqual([])
    waiting.hangUp()
    other.end()
  })

  test('from each address of its network gets no more sockets than a network may have', async () => {
    const callers = Array.from({ length: 60 }, (_, i) => callerFrom(`127.0.5.${i + 2}`))
    const waiting = callers.map((caller) => caller.hold(`${registry.url}/v1/probes/${idOf(KEY)}?wait=25`, 2))
    await sleep(4000)
    const open = waiting.reduce((sum, each) => sum + each.open(), 0)
    expect(open).toBeLessThanOrEqual(40)
    expect((await bystander.ask(`${registry.url}/v1/targets`)).status).toBe(200)
    for (const each of waiting) each.hangUp()
    for (const caller of callers) caller.end()
  })

  test('counts as one caller, even if it claims to forward requests of others', async () => {
    const caller = callerFrom('127.0.6.2')
    const url = `${registry.url}/v1/probes/${idOf(KEY)}?wait=25`
    const claims = Array.from({ length: 40 }, (_, i) =>
      caller.hold(url, 1, { headers: { 'x-forwarded-for': `198.51.${i}.7, 203.0.${i}.7` } }),
    )
    await sleep(4000)
    expect(claims.reduce((sum, each) => sum + each.open(), 0)).toBeLessThanOrEqual(20)
    for (const each of claims) each.hangUp()
    caller.end()
  })
})
