import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { ProbeError } from '../../../lib/model/errors.ts'
import { checkDriverVersion, driverVersions } from '../../../lib/serve/driver-versions.ts'
import { resolve } from '../../../lib/serve/resolve.ts'
import { memoryPorts } from '../../support/memory.ts'
import { createWorld, DRIVER_VERSION, PATH } from '../../support/world.ts'

const MINUTE = 60_000
const WAITING = { room: 'v1', caller: '192.0.2.1' } as const

/** A registry that reads its lists `seconds` after a request for them. */
function registry({ seconds = 5 } = {}) {
  let time = Date.UTC(2026, 10, 26)
  const memory = memoryPorts({ now: () => time })
  let due = Number.POSITIVE_INFINITY
  const ports = {
    catalogue: memory.catalogue,
    sources: memory.sources,
    budgets: memory.budgets,
    holds: memory.holds,
    newId: memory.newId,
    settings: DEFAULTS,
    now: () => time,
    bus: {
      emit: async () => {
        memory.inside.events.push({ type: 'DriversWanted' })
        due = Math.min(due, time + seconds * 1000)
      },
    },
    elapsed: () => time,
    sleep: async (milliseconds: number) => {
      time += milliseconds
      if (time >= due) await memory.catalogue.write({ versions: ['0.23.2', '0.20.0'], readAt: due })
    },
  }
  return { ports, asked: memory.inside.events, memory, pass: (ms: number) => (time += ms) }
}

describe('the driver versions', () => {
  test('are read for the first client, which waits for them', async () => {
    const { ports, asked } = registry()
    expect(await driverVersions(ports, WAITING)).toEqual(['0.23.2', '0.20.0'])
    expect(asked).toEqual([{ type: 'DriversWanted' }])
  })

  test('are answered with catalogue-unread if reading them takes too long', async () => {
    const { ports } = registry({ seconds: 60 })
    await expect(driverVersions(ports, WAITING)).rejects.toMatchObject({ code: 'catalogue-unread' })
  })

  test('are answered from the cache, and read again after a quarter of an hour', async () => {
    const { ports, asked, pass } = registry()
    await driverVersions(ports, WAITING)
    pass(14 * MINUTE)
    expect(await driverVersions(ports, WAITING)).toHaveLength(2)
    expect(asked).toHaveLength(1)
    pass(MINUTE)
    expect(await driverVersions(ports, WAITING)).toHaveLength(2)
    expect(asked).toHaveLength(2)
  })
})

test('a driver version that was revoked is not offered', async () => {
  const { ports } = registry()
  const settings = { ...DEFAULTS, revoked: ['0.23.2'] }
  expect(await driverVersions({ ...ports, settings }, WAITING)).toEqual(['0.20.0'])
  expect(await driverVersions({ ...ports, settings }, WAITING)).toEqual(['0.20.0'])
})

describe('a driver version that comes as a package', () => {
  test('exists if the suites have it, or once had it', async () => {
    const { ports, memory } = registry()
    await driverVersions(ports, WAITING)
    await expect(checkDriverVersion(ports, '0.23.2')).resolves.toBeUndefined()
    const source = {
      name: 'scap',
      version: '0.19.0-1',
      url: 'http://m.invalid/a.deb',
      sha256: 'a'.repeat(64),
    }
    await memory.sources.record('0.19.0', source)
    await expect(checkDriverVersion(ports, '0.19.0')).resolves.toBeUndefined()
  })

  test('that no suite has is refused with a list of the existing ones, and no suite is read', async () => {
    const { ports, asked } = registry()
    await driverVersions(ports, WAITING)
    await expect(checkDriverVersion(ports, '0.99.9')).rejects.toMatchObject({
      code: 'unknown-driver-version',
      message: expect.stringContaining('0.23.2, 0.20.0'),
    })
    expect(asked).toHaveLength(1)
  })

  test('is left to the plan if the lists were never read', async () => {
    await expect(checkDriverVersion(registry().ports, '0.99.9')).resolves.toBeUndefined()
  })

  test('is not searched in the suites if its source is elsewhere', async () => {
    const { ports, asked } = registry()
    await checkDriverVersion(ports, '10.2.0+driver')
    expect(asked).toEqual([])
  })
})

test('a name that can never be built costs no read of the driver versions', async () => {
  const { resolvePorts } = createWorld({ probe: undefined })
  const looks: string[] = []
  const ports = {
    ...resolvePorts,
    check: () => {
      throw new ProbeError('unknown-target', 'no such target')
    },
    sources: { recorded: async () => void looks.push('sources') },
    catalogue: { read: async () => void looks.push('catalogue') },
  }
  const path = PATH.replace(DRIVER_VERSION, '0.99.9')
  await expect(resolve(ports, { method: 'GET', path, caller: '203.0.113.1' })).rejects.toMatchObject({
    code: 'unknown-target',
  })
  expect(looks).toEqual([])
})
