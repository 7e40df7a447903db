import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { held } from '../../../lib/serve/hold.ts'
import { shareReads } from '../../../lib/serve/shared-reads.ts'
import { memoryPorts } from '../../support/memory.ts'

const NOW = Date.UTC(2026, 10, 23)

function ports(perCaller: number, perNetwork: number, waitConcurrency = 500) {
  const memory = memoryPorts({ now: () => NOW })
  const hold = { ...DEFAULTS.hold, othersPerCaller: perCaller, othersPerNetwork: perNetwork }
  const settings = { hold, cloud: { ...DEFAULTS.cloud, waitConcurrency } }
  return { holds: memory.holds, newId: memory.newId, now: memory.now, settings }
}
const waiting = (caller: string) => ({ room: 'v1' as const, caller })
const never = () => new Promise<never>(() => undefined)
const settled = () => new Promise((resolve) => setTimeout(resolve, 1))

describe('a request that waits', () => {
  test('takes one of its caller’s places, and frees it at any end', async () => {
    const here = ports(1, 9)
    expect(await held(here, waiting('192.0.2.1'), NOW, async () => 'done')).toBe('done')
    await expect(
      held(here, waiting('192.0.2.1'), NOW, () => Promise.reject(new Error('failed'))),
    ).rejects.toThrow('failed')
    void held(here, waiting('192.0.2.1'), NOW, never)
    await settled()
    const refusal = { code: 'too-many-waits', message: expect.stringContaining('192.0.2.1 has 1 ') }
    await expect(held(here, waiting('192.0.2.1'), NOW, never)).rejects.toMatchObject(refusal)
  })

  test('takes one of its network’s places too, and frees its caller’s place if the network has none left', async () => {
    const here = ports(5, 1)
    void held(here, waiting('192.0.2.1'), NOW, never)
    await settled()
    for (let i = 0; i < 9; i += 1)
      await expect(held(here, waiting('192.0.2.2'), NOW, never)).rejects.toMatchObject({
        message: expect.stringContaining('192.0.2.0/24 has 1 '),
      })
    const own = { id: 'x', until: NOW + 1 }
    expect(await here.holds.take('v1/192.0.2.2', own, 1)).toBe(true)
  })

  test('is one of at most four if the settings reserve no executions for waiting', async () => {
    const here = ports(5, 9, 0)
    for (let i = 1; i <= 4; i += 1) void held(here, waiting(`198.51.${i}.1`), NOW, never)
    await settled()
    await expect(held(here, waiting('192.0.2.1'), NOW, never)).rejects.toMatchObject({
      code: 'too-many-waits',
      message: expect.stringContaining('This registry has 4 '),
    })
    expect(await here.holds.take('v1/192.0.2.1', { id: 'x', until: NOW + 1 }, 1)).toBe(true)
  })

  test('frees its first place if the table fails at the second', async () => {
    const here = ports(1, 9)
    let tries = 0
    const take: typeof here.holds.take = async (holder, lease, limit) => {
      tries += 1
      if (tries === 2) throw new Error('DynamoDB throttles')
      return here.holds.take(holder, lease, limit)
    }
    const holds = { ...here.holds, take }
    await expect(held({ ...here, holds }, waiting('192.0.2.1'), NOW, never)).rejects.toThrow('throttles')
    expect(await held(here, waiting('192.0.2.1'), NOW, async () => 'done')).toBe('done')
  })

  test('gets its answer even if its place could not be freed', async () => {
    const here = ports(1, 9)
    const holds = { ...here.holds, release: () => Promise.reject(new Error('DynamoDB is away')) }
    expect(await held({ ...here, holds }, waiting('192.0.2.1'), NOW, async () => 'done')).toBe('done')
  })
})

describe('shared reads', () => {
  test('are one read for all callers within the time, and a failure is not cached', async () => {
    let time = 0
    let reads = 0
    const index = {
      get: async () => {
        reads += 1
        if (reads === 3) throw new Error('away')
        return undefined
      },
    }
    const shared = shareReads(index, () => time, 100)
    await Promise.all(Array.from({ length: 50 }, () => shared.get('a')))
    expect(reads).toBe(1)
    await shared.get('b')
    time = 100
    await expect(shared.get('a')).rejects.toThrow('away')
    await shared.get('a')
    expect(reads).toBe(4)
  })
})
