import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ProbeError } from '../../../lib/model/errors.ts'
import type { Probe } from '../../../lib/model/probe.ts'
import type { DriverVersions } from '../../../lib/model/settings.ts'
import { type DriverSourcePorts, driverSource } from '../../../lib/plan/driver-source.ts'
import { memoryPorts } from '../../support/memory.ts'
import { libsArchive } from '../../support/sources.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const sha256 = (body: Uint8Array) => createHash('sha256').update(body).digest('hex')
const probe: Probe = {
  driverVersion: '10.2.0+driver',
  arch: 'x86_64',
  driverName: 'falco',
  target: 'debian',
  kernelRelease: '6.1.192-2-amd64',
  kernelVersion: '1',
  kind: 'kmod',
}
const entry = (source: DriverVersions['source']): DriverVersions => ({
  match: '.*',
  about: '',
  names: ['falco'],
  kinds: ['kmod'],
  recipe: 'libs',
  source,
})
const URL_TEMPLATE = 'http://tags.invalid/{driverVersion}.tar.gz'

/** A world whose web serves `web`, counting what is asked for. */
function world(web: Record<string, Uint8Array>) {
  const { store, sources } = memoryPorts({ now: Date.now })
  const asked: string[] = []
  const ports: DriverSourcePorts = {
    inputs: store.inputs,
    sources,
    fetch: async (url) => {
      asked.push(url)
      const found = web[url]
      if (found === undefined) throw new ProbeError('not-found', `${url} answers 404`)
      return found
    },
    findDriver: async () => undefined,
    readDirectory: async (path) => bytes(`archive of ${path}`),
  }
  return { ports, asked, web }
}

const SOURCES = libsArchive()
const TAG = 'http://tags.invalid/10.2.0%2Bdriver.tar.gz'

describe('the source of a driver version', () => {
  test('from an archive is recorded at first use, kept, and not asked for again', async () => {
    const { ports, asked } = world({ [TAG]: SOURCES })
    const first = await driverSource(ports, entry({ from: 'archive', url: URL_TEMPLATE }), probe)
    expect(first).toMatchObject({
      format: 'tar.gz',
      recipe: 'libs',
      bytes: SOURCES.length,
      source: { url: TAG, sha256: sha256(SOURCES) },
    })
    expect(await driverSource(ports, entry({ from: 'archive', url: URL_TEMPLATE }), probe)).toEqual(first)
    expect(asked).toEqual([TAG])
  })

  test('that changed after its first use is refused', async () => {
    const { ports, web } = world({ [TAG]: SOURCES })
    await driverSource(ports, entry({ from: 'archive', url: URL_TEMPLATE }), probe)
    web[TAG] = libsArchive('changed')
    const forgotten = { ...ports, inputs: memoryPorts({ now: Date.now }).store.inputs }
    await expect(
      driverSource(forgotten, entry({ from: 'archive', url: URL_TEMPLATE }), probe),
    ).rejects.toMatchObject({ code: 'digest-mismatch' })
  })

  test('that is not the pinned one is refused, and the pinned one is not recorded', async () => {
    const { ports } = world({ [TAG]: SOURCES })
    const pin = (body: Uint8Array) => entry({ from: 'archive', url: URL_TEMPLATE, sha256: sha256(body) })
    await expect(driverSource(ports, pin(bytes('others')), probe)).rejects.toMatchObject({
      code: 'digest-mismatch',
    })
    await expect(driverSource(ports, pin(SOURCES), probe)).resolves.toBeDefined()
    expect(await ports.sources.recorded(probe.driverVersion)).toBeUndefined()
  })

  test('that is not there is driver-source-not-found', async () => {
    const { ports } = world({})
    await expect(
      driverSource(ports, entry({ from: 'archive', url: URL_TEMPLATE }), probe),
    ).rejects.toMatchObject({ code: 'driver-source-not-found' })
  })

  test('from a package is what was found first, and stays so when the archive goes on', async () => {
    const { ports, asked } = world({ 'http://m.invalid/a.deb': bytes('deb') })
    const found = {
      name: 'scap-dkms',
      version: '1.2.3-1',
      url: 'http://m.invalid/a.deb',
      sha256: sha256(bytes('deb')),
    }
    const source = entry({ from: 'package', package: found.name })
    const findDriver = async (name: string, version: string) => {
      asked.push(`${name} ${version}`)
      return ports.sources.record(version, found)
    }
    const first = await driverSource({ ...ports, findDriver }, source, probe)
    expect(first).toMatchObject({ format: 'deb', bytes: 3, source: found })
    expect(await driverSource(ports, source, probe)).toEqual(first)
    expect(asked).toEqual([`scap-dkms ${probe.driverVersion}`, found.url])
  })

  test('from a package that no suite has is driver-source-not-found', async () => {
    const source = entry({ from: 'package', package: 'scap-dkms' })
    await expect(driverSource(world({}).ports, source, probe)).rejects.toMatchObject({
      code: 'driver-source-not-found',
    })
  })

  test('from a folder is told by its digest', async () => {
    const { ports } = world({})
    const found = await driverSource(ports, entry({ from: 'directory', path: '/src' }), probe)
    expect(found.source).toMatchObject({ url: 'file:/src', sha256: sha256(bytes('archive of /src')) })
  })
})
