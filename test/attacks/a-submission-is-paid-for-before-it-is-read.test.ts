// A file of 46 KB once cost seconds of processor time before its caller had paid, each time the caller sent it.

import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkKheaders } from '../../lib/submit/kheaders.ts'
import { configBytes } from '../support/kconfig/vectors.ts'
import { type Caller, callerFrom } from '../support/registry/caller.ts'
import { type Registry, scratch, startRegistry } from '../support/registry/registry.ts'
import { type SilentMirror, startSilentMirror } from '../support/registry/silent-mirror.ts'

let registry: Registry
let mirror: SilentMirror
let work: Awaited<ReturnType<typeof scratch>>
const BOMB = execFileSync('sh', ['-c', 'head -c 300000000 /dev/zero | xz'], { maxBuffer: 1 << 26 })

beforeAll(async () => {
  work = await scratch()
  mirror = await startSilentMirror()
  registry = await startRegistry({ dataDir: work.dir, settings: mirror.settings })
})
afterAll(async () => {
  await registry.stop()
  await mirror.end()
  await work.remove()
})

async function post(caller: Caller, fields: Readonly<Record<string, string | Uint8Array>>) {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields))
    form.append(name, typeof value === 'string' ? value : new Blob([Uint8Array.from(value)]))
  const { headers, body } = new Response(form)
  const bytes = await new Response(body).bytes()
  const type = headers.get('content-type') ?? ''
  return caller.ask(`${registry.url}/v1/probes`, {
    method: 'POST',
    headers: { 'content-type': type, 'content-length': String(bytes.length) },
    body: bytes,
  })
}

const GOOD = {
  config: configBytes('talos_5.15.102-talos_1_v1.3.6'),
  release: '5.15.102-talos',
  version: '#1 SMP',
  machine: 'x86_64',
  'driver-version': '10.2.0+driver',
}

describe('a refused submission', () => {
  test.each<[string, string, Readonly<Record<string, string | Uint8Array>>, number, number]>([
    ['a bomb', '127.0.1.2', { ...GOOD, kheaders: BOMB }, 413, 20],
    ['no config', '127.0.2.2', { ...GOOD, config: 'hello' }, 422, 100],
    ['a config of another kernel', '127.0.3.2', { ...GOOD, release: '6.1.0-talos' }, 422, 100],
  ])(
    'for %s costs its caller each time, and a known submission stays free',
    async (_, address, hostile, status, most) => {
      const attacker = callerFrom(address)
      expect((await post(attacker, GOOD)).status).toBe(200)
      const statuses: number[] = []
      for (let round = 0; round < 10; round += 1) {
        const answers = await Promise.all(Array.from({ length: 15 }, () => post(attacker, hostile)))
        statuses.push(...answers.map((answer) => answer.status))
      }
      // 503: the registry reads at most twenty submissions of one caller at a time.
      expect(statuses.filter((one) => one !== status && one !== 429 && one !== 503)).toEqual([])
      expect(statuses.filter((one) => one === status).length).toBeLessThanOrEqual(most)
      const last = await post(attacker, hostile)
      expect({ status: last.status, code: JSON.parse(last.body).code }).toEqual({
        status: 429,
        code: 'budget-spent',
      })
      expect((await post(attacker, GOOD)).status).toBe(200)
      attacker.end()
      const bystander = callerFrom(address.replace('.2', '.200').replace('127.0', '127.9'))
      expect((await post(bystander, hostile)).status).toBe(status)
      expect((await post(bystander, { ...GOOD, version: `#2 ${address}` })).status).toBe(200)
      bystander.end()
    },
  )

  test('is unpacked no further than thirty times its size', async () => {
    let chunks = 0
    const count = () => {
      chunks += 1
      return 0
    }
    await expect(checkKheaders(BOMB, count)).rejects.toMatchObject({ code: 'body-too-large' })
    expect(chunks).toBeGreaterThan(0)
    expect(chunks * 65_536).toBeLessThan(2 * (1024 * 1024 + 30 * BOMB.length))
  })

  test('is unpacked for no longer than a real one would take', async () => {
    let time = 0
    const slow = () => {
      time += 1000
      return time
    }
    await expect(checkKheaders(BOMB, slow)).rejects.toMatchObject({
      code: 'body-too-large',
      message: expect.stringContaining('takes longer'),
    })
  })
})

describe('a good submission', () => {
  test('is accepted from each host of a fleet behind one address', async () => {
    const fleet = callerFrom('127.0.7.2')
    const own = { ...GOOD, version: '#7 SMP' }
    expect((await post(fleet, own)).status).toBe(200)
    for (let round = 0; round < 4; round += 1) {
      const answers = await Promise.all(Array.from({ length: 60 }, () => post(fleet, own)))
      expect(answers.map(({ status }) => status)).toEqual(Array(60).fill(200))
    }
    fleet.end()
  })
})
