import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { AptPackage } from '../../../lib/archives/apt/packages.ts'
import { createFetch } from '../../../lib/aws/fetch.ts'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { ProbeError } from '../../../lib/model/errors.ts'
import { driverSuites, findDriver, type ReadDriversPorts, readDrivers } from '../../../lib/plan/drivers.ts'
import { memoryPorts } from '../../support/memory.ts'
import { driverArchive } from '../../support/mirrors.ts'

const NAME = 'falcosecurity-scap-dkms'
const MINUTE = 60_000
const body = (version: string) => new TextEncoder().encode(`driver ${version}`)
const pkg = (version: string): AptPackage => ({
  name: NAME,
  version,
  url: `http://m.invalid/${version}.deb`,
  sha256: createHash('sha256').update(body(version)).digest('hex'),
  bytes: body(version).length,
  depends: '',
  format: 'deb',
})

/** Suites, each with a version, nothing, or an error. */
function world(...suites: (string | undefined | ProbeError)[]) {
  let time = Date.UTC(2026, 10, 26)
  const memory = memoryPorts({ now: () => time })
  const read: number[] = []
  const fetched: string[] = []
  const of = (found: (typeof suites)[number], i: number) => ({
    suite: `suite-${i}`,
    find: async () => {
      read.push(i)
      if (found instanceof ProbeError) throw found
      return found === undefined ? undefined : pkg(found)
    },
  })
  const ports: ReadDriversPorts = {
    suites: suites.map(of),
    inputs: memory.store.inputs,
    sources: memory.sources,
    catalogue: memory.catalogue,
    now: () => time,
    log: memory.log,
    settings: DEFAULTS,
    fetch: async (url) => {
      fetched.push(url)
      return body(/([^/]+)\.deb$/.exec(url)?.[1] ?? '')
    },
  }
  const archiveGoesOn = (...next: string[]): ReadDriversPorts => ({ ...ports, suites: next.map(of) })
  return { ports, memory, read, fetched, archiveGoesOn, pass: (ms: number) => (time += ms) }
}

const stale = new ProbeError('signature-invalid', 'the mirror is stale')

describe('a driver version', () => {
  test('is searched suite by suite, is stored, and is recorded', async () => {
    const { ports, read, memory } = world('0.1.1dev+git20220316.e5c53d64-1', '0.20.0-3', '0.23.2-6')
    const found = await findDriver(ports, NAME, '0.20.0')
    expect(found).toEqual({
      name: NAME,
      version: '0.20.0-3',
      url: pkg('0.20.0-3').url,
      sha256: pkg('0.20.0-3').sha256,
    })
    expect(read).toEqual([0, 1])
    expect(await memory.sources.recorded('0.20.0')).toEqual(found)
    expect(await memory.store.inputs.size(`sha256/${found?.sha256}`)).toBe(pkg('0.20.0-3').bytes)
  })

  test('that no suite has is not found, and nothing is fetched', async () => {
    const { ports, fetched } = world('0.20.0-3', undefined)
    expect(await findDriver(ports, NAME, '0.20')).toBeUndefined()
    expect(fetched).toEqual([])
  })

  test('is found although another suite cannot be trusted', async () => {
    const { ports } = world(stale, '0.20.0-3')
    expect(await findDriver(ports, NAME, '0.20.0')).toMatchObject({ version: '0.20.0-3' })
  })

  test('is not reported as missing if an untrusted suite may have it', async () => {
    await expect(findDriver(world(stale, '0.20.0-3').ports, NAME, '0.23.2')).rejects.toBe(stale)
  })
})

describe('the list of driver versions', () => {
  test('has the versions of the suites, newest first, and each is recorded', async () => {
    const { ports, memory } = world('0.1.1dev+git20220316.e5c53d64-1', '0.20.0-3', '0.23.2-6', '0.23.2-6')
    await readDrivers(ports)
    const versions = ['0.23.2', '0.20.0', '0.1.1dev+git20220316.e5c53d64']
    expect(await memory.catalogue.read()).toEqual({ versions, readAt: ports.now() })
    for (const version of versions) expect(await memory.sources.recorded(version)).toBeDefined()
  })

  test('keeps a version that the archive has replaced, and adds the new one', async () => {
    const { ports, memory, archiveGoesOn, pass } = world('0.20.0-3', '0.23.2-6')
    await readDrivers(ports)
    pass(16 * MINUTE)
    await readDrivers(archiveGoesOn('0.20.0-3', '0.24.0-1'))
    expect((await memory.catalogue.read())?.versions).toEqual(['0.24.0', '0.23.2', '0.20.0'])
    expect(await memory.sources.recorded('0.23.2')).toMatchObject({ version: '0.23.2-6' })
  })

  test('is not read again too early, nor by two readers at once', async () => {
    const { ports, read, pass } = world('0.20.0-3')
    await Promise.all([readDrivers(ports), readDrivers(ports)])
    expect(read).toHaveLength(1)
    pass(14 * MINUTE)
    await readDrivers(ports)
    expect(read).toHaveLength(1)
    pass(2 * MINUTE)
    await readDrivers(ports)
    expect(read).toHaveLength(2)
  })

  test('has the versions of the readable suites, and the log names the unreadable suite', async () => {
    const { ports, memory } = world(stale, '0.20.0-3')
    await readDrivers(ports)
    expect((await memory.catalogue.read())?.versions).toEqual(['0.20.0'])
    expect(memory.inside.log).toContainEqual({
      event: 'suite not read',
      fields: { suite: 'suite-0', why: 'the mirror is stale' },
    })
  })

  test('is not written as empty if no suite could be read', async () => {
    const { ports, memory } = world(stale, stale)
    await expect(readDrivers(ports)).rejects.toBe(stale)
    expect(await memory.catalogue.read()).toBeUndefined()
  })

  test('is read by the next request after the claim of an interrupted reader has ended', async () => {
    const { ports, memory, pass } = world('0.20.0-3')
    const cutOff = { ...memory.catalogue, write: async () => Promise.reject(new Error('killed')) }
    await expect(readDrivers({ ...ports, catalogue: cutOff })).rejects.toThrow('killed')
    await readDrivers(ports)
    expect(await memory.catalogue.read()).toBeUndefined()
    pass(3 * MINUTE)
    await readDrivers(ports)
    expect((await memory.catalogue.read())?.versions).toEqual(['0.20.0'])
  })
})

test("generations of drivers are found in Debian's real suites, each signed", async () => {
  const { store, sources, catalogue, lists, log, inside } = memoryPorts({ now: Date.now })
  const fetch = createFetch()
  const archive = { fetch, inputs: store.inputs, now: Date.now, lists, log }
  const suites = driverSuites(archive, driverArchive(), DEFAULTS)
  await readDrivers({ ...archive, suites, sources, catalogue, settings: DEFAULTS })
  const { versions = [] } = (await catalogue.read()) ?? {}
  console.log(`driver versions in the suites today: ${versions.join(' ')}`)
  const unread = inside.log.filter(({ event }) => event === 'suite not read')
  // The registry refuses a stale mirror, as apt does.
  for (const { fields } of unread) {
    console.log(`a suite is not believed today: ${fields?.why}`)
    expect(fields?.why).toMatch(/it was valid until .*: the mirror is stale$/)
  }
  expect(versions.length + unread.length).toBeGreaterThanOrEqual(3)
  expect(versions.at(-1)).toBe('0.1.1dev+git20220316.e5c53d64')
})
