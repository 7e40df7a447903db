// Names of kernels and drivers that do not exist once cost claims, events and plans, and stayed in the lists forever.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { CATALOGUE_MILLISECONDS } from '../../lib/model/retry.ts'
import { checkDriverVersion } from '../../lib/serve/driver-versions.ts'
import { callerFrom } from '../support/registry/caller.ts'
import { DRIVER_VERSION, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'
import { createWorld } from '../support/world.ts'

let registry: Registry
let work: Awaited<ReturnType<typeof scratch>>
const attacker = callerFrom('127.0.1.2')
const bystander = callerFrom('127.0.2.2')

beforeAll(async () => {
  work = await scratch()
  registry = await startRegistry({ dataDir: work.dir })
  await bystander.ask(`${registry.url}/v1/driver-versions/newest`)
})
afterAll(async () => {
  attacker.end()
  bystander.end()
  await registry.stop()
  await work.remove()
})

const forged = (i: number) => `driver/${DRIVER_VERSION}/x86_64/scap_debian_6.1.9${i}-1-amd64_1.ko`
const plans = async () => {
  const logs = (await readdir(join(work.dir, 'logs'))).filter((name) => name.includes('Plan'))
  const texts = await Promise.all(logs.map((name) => readFile(join(work.dir, 'logs', name), 'utf8')))
  return texts.join('').split('plan failed').length - 1
}

describe('names of kernels that do not exist', () => {
  const NAMES = 40
  /** the index of a name that the registry looked up */
  let known = 0
  test('use up the budget of their caller, and of nobody else', async () => {
    const answers = await Promise.all(
      Array.from({ length: NAMES }, (_, i) => attacker.ask(`${registry.url}/${forged(i)}`)),
    )
    const asked = answers.filter(({ status }) => status === 307).length
    expect(asked).toBeLessThanOrEqual(16)
    known = answers.findIndex(({ status }) => status === 307)
    for (const { status, headers, body } of answers.filter((answer) => answer.status !== 307)) {
      expect({ status, code: JSON.parse(body).code }).toEqual({ status: 429, code: 'budget-spent' })
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(120)
    }
    for (let tries = 0; tries < 60 && (await plans()) < asked; tries += 1) await sleep(1000)
    expect(await plans()).toBe(asked)
    // The finished look-ups make no room for more.
    expect((await attacker.ask(`${registry.url}/${forged(NAMES)}`)).status).toBe(429)
    expect((await bystander.ask(`${registry.url}/${forged(NAMES)}`)).status).toBe(307)
  })

  test('are in no list, and their own URL answers 404 with the reason', async () => {
    const list = await bystander.ask(`${registry.url}/v1/probes?limit=100`)
    expect(JSON.parse(list.body)).toEqual({ probes: [] })
    const one = await bystander.ask(`${registry.url}/v1/probes?release=6.1.9${known}-1-amd64`)
    expect(JSON.parse(one.body)).toEqual({ probes: [] })
    const own = await bystander.ask(`${registry.url}/${forged(known)}`)
    expect(own.status).toBe(404)
    expect(JSON.parse(own.body)).toMatchObject({ code: 'headers-not-found', retryAt: expect.any(String) })
  })
})

describe('driver versions that do not exist', () => {
  test('make the registry read its old lists again at most once a minute, for any number of requests', async () => {
    const { memory, resolvePorts, pass } = createWorld({ probe: undefined })
    const ports = { ...resolvePorts, settings: DEFAULTS }
    pass(2 * CATALOGUE_MILLISECONDS)
    const wanted = () => memory.inside.events.filter(({ type }) => type === 'DriversWanted').length
    const refused = (i: number) =>
      expect(checkDriverVersion(ports, `0.99.${i}`)).rejects.toMatchObject({ code: 'unknown-driver-version' })
    await Promise.all(Array.from({ length: 50 }, (_, i) => refused(i)))
    expect(wanted()).toBe(1)
    for (let i = 0; i < 50; i += 1) await refused(i)
    expect(wanted()).toBe(1)
    pass(60_000)
    await refused(1)
    expect(wanted()).toBe(2)
  })
})
