import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { driverFor } from '../../../lib/model/drivers.ts'
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

/** A world whose web serves `web`, counting what is asked for; `down.invalid` cannot be reached. */
function world(web: Record<string, Uint8Array>, archives: readonly string[] = []) {
  const { store, sources } = memoryPorts({ now: Date.now })
  const asked: string[] = []
  const ports: DriverSourcePorts = {
    settings: { ...DEFAULTS, driverArchives: [...archives] },
    inputs: store.inputs,
    sources,
    fetch: async (url) => {
      asked.push(url)
      if (url.startsWith('http://down.invalid/'))
        throw new ProbeError('mirror-unreachable', `${url} could not be read: ECONNREFUSED`)
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

  test('may be one file by its own URL', async () => {
    const url = 'http://tags.invalid/mine.tar.gz'
    const { ports, asked } = world({ [url]: SOURCES })
    await driverSource(ports, entry({ from: 'archive', url }), probe)
    expect(asked).toEqual([url])
  })

  test('that is not there is driver-source-not-found', async () => {
    const { ports } = world({})
    await expect(
      driverSource(ports, entry({ from: 'archive', url: URL_TEMPLATE }), probe),
    ).rejects.toMatchObject({ code: 'driver-source-not-found' })
  })

  test.each([403, 500, 503])('whose place answers %i is not said to be missing', async (status) => {
    const { ports } = world({})
    const fetch = async (url: string) => {
      throw new ProbeError('mirror-unreachable', `${url} answers ${status}`)
    }
    await expect(
      driverSource({ ...ports, fetch }, entry({ from: 'archive', url: URL_TEMPLATE }), probe),
    ).rejects.toMatchObject({
      code: 'mirror-unreachable',
      message: expect.stringMatching(/cannot be fetched: .* answers \d+.*a mirror, a folder or a file/),
    })
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

  test('that is nearly one of upstream says which one was meant', async () => {
    const source = entry({ from: 'package', package: 'scap-dkms' })
    const nearly = { ...probe, driverVersion: '99.1' }
    await expect(driverSource(world({}).ports, source, nearly)).rejects.toThrow(
      'no suite that is configured has scap-dkms in this version. Did you mean 99.1.0+driver? Is it the driver version',
    )
  })

  test('from a folder is told by its digest', async () => {
    const { ports } = world({})
    const found = await driverSource(ports, entry({ from: 'directory', path: '/src' }), probe)
    expect(found.source).toMatchObject({ url: 'file:/src', sha256: sha256(bytes('archive of /src')) })
  })

  describe('of upstream is looked for in the places of the settings', () => {
    const upstream = entry({ from: 'archive' })
    const [DOWN, OTHER] = ['http://down.invalid/{driverVersion}.tar.gz', 'http://tags.invalid']
    const source = (ports: DriverSourcePorts) => driverSource(ports, upstream, probe)

    test('in their order, whichever of them is out of reach or does not have it', async () => {
      const { ports, asked } = world({ [TAG]: SOURCES }, [DOWN, 'http://empty.invalid', OTHER])
      expect(await source(ports)).toMatchObject({ source: { url: TAG, sha256: sha256(SOURCES) } })
      expect(asked).toHaveLength(3)
      // From then on it is known to be there.
      const again = { ...ports, inputs: memoryPorts({ now: Date.now }).store.inputs }
      expect(await source(again)).toMatchObject({ source: { url: TAG } })
      expect(asked.slice(3)).toEqual([TAG])
    })

    test('and is not there only where each of them says so', async () => {
      await expect(source(world({}, [OTHER, 'http://empty.invalid']).ports)).rejects.toMatchObject({
        code: 'driver-source-not-found',
        message: expect.stringContaining('http://tags.invalid/10.2.0%2Bdriver.tar.gz, http://empty.invalid/'),
      })
    })

    test('and where one is out of reach and no other has it, the failure says so, and which setting names another', async () => {
      for (const places of [[DOWN], [OTHER, DOWN], [DOWN, OTHER]])
        await expect(source(world({}, places).ports)).rejects.toMatchObject({
          code: 'mirror-unreachable',
          message: expect.stringMatching(
            /^the sources of driver version 10\.2\.0\+driver cannot be fetched: http:\/\/down\.invalid\/10.* name a mirror, a folder or a file that has them in driverArchives of the settings/,
          ),
        })
    })

    test('and one that has it with another digest than the first ends the search', async () => {
      const { ports, web } = world({ [TAG]: SOURCES }, [OTHER])
      await source(ports)
      const later = {
        ...ports,
        inputs: memoryPorts({ now: Date.now }).store.inputs,
        settings: { ...ports.settings, driverArchives: ['http://new.invalid', DOWN] },
      }
      web['http://new.invalid/10.2.0%2Bdriver.tar.gz'] = libsArchive('other')
      await expect(source(later)).rejects.toMatchObject({ code: 'digest-mismatch' })
    })
  })

  describe('of a commit is looked for where the settings have commits', () => {
    const commit = 'e5c53d648f3c4694385bbe488e7d47eaa36c229a'
    const ofCommit = { ...probe, driverVersion: commit }
    const at = `http://commits.invalid/${commit}.tar.gz`
    const commits = (mode: 'listed' | 'any', digests: Record<string, string> = {}) => ({
      ...DEFAULTS,
      driverCommits: { mode, archives: ['http://commits.invalid'], sha256: digests },
    })
    const found = (web: Record<string, Uint8Array>, settings: ReturnType<typeof commits>) => {
      const here = world(web)
      const ports = { ...here.ports, settings }
      return { ports, source: driverSource(ports, driverFor(settings, commit), ofCommit) }
    }

    test('and recorded at its first use', async () => {
      const { ports, source } = found({ [at]: SOURCES }, commits('any'))
      expect(await source).toMatchObject({ recipe: 'libs', source: { version: commit, url: at } })
      expect(await ports.sources.recorded(commit)).toMatchObject({ sha256: sha256(SOURCES) })
    })

    test('and held to the digest that the settings have', async () => {
      for (const mode of ['listed', 'any'] as const) {
        const good = commits(mode, { [commit]: sha256(SOURCES) })
        expect(await found({ [at]: SOURCES }, good).source).toMatchObject({ bytes: SOURCES.length })
        const bad = commits(mode, { [commit]: 'b'.repeat(64) })
        await expect(found({ [at]: SOURCES }, bad).source).rejects.toMatchObject({ code: 'digest-mismatch' })
      }
    })

    test('and one that upstream does not have is a driver source that is not there', async () => {
      await expect(found({}, commits('any')).source).rejects.toMatchObject({
        code: 'driver-source-not-found',
      })
    })
  })
})
