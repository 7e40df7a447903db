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

/** Ports with a web that serves `web` and records each request; `down.invalid` is unreachable. */
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
  test('from an archive is recorded at its first use, stored, and not fetched again', async () => {
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

  test('is refused if it differs from the pinned digest, and a pinned source is not recorded', async () => {
    const { ports } = world({ [TAG]: SOURCES })
    const pin = (body: Uint8Array) => entry({ from: 'archive', url: URL_TEMPLATE, sha256: sha256(body) })
    await expect(driverSource(ports, pin(bytes('others')), probe)).rejects.toMatchObject({
      code: 'digest-mismatch',
    })
    await expect(driverSource(ports, pin(SOURCES), probe)).resolves.toBeDefined()
    expect(await ports.sources.recorded(probe.driverVersion)).toBeUndefined()
  })

  test('may be one file with its own URL', async () => {
    const url = 'http://tags.invalid/mine.tar.gz'
    const { ports, asked } = world({ [url]: SOURCES })
    await driverSource(ports, entry({ from: 'archive', url }), probe)
    expect(asked).toEqual([url])
  })

  test('that is missing gives driver-source-not-found', async () => {
    const { ports } = world({})
    await expect(
      driverSource(ports, entry({ from: 'archive', url: URL_TEMPLATE }), probe),
    ).rejects.toMatchObject({ code: 'driver-source-not-found' })
  })

  test.each([403, 500, 503])('is not reported as missing if its place answers %i', async (status) => {
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

  test('from a package stays the first one that was found, without another search', async () => {
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

  test('from a package that no suite has gives driver-source-not-found', async () => {
    const source = entry({ from: 'package', package: 'scap-dkms' })
    await expect(driverSource(world({}).ports, source, probe)).rejects.toMatchObject({
      code: 'driver-source-not-found',
    })
  })

  test('with a version similar to an upstream version gives a suggestion', async () => {
    const source = entry({ from: 'package', package: 'scap-dkms' })
    const nearly = { ...probe, driverVersion: '99.1' }
    await expect(driverSource(world({}).ports, source, nearly)).rejects.toThrow(
      'no suite that is configured has scap-dkms in this version. Did you mean 99.1.0+driver? Is it the driver version',
    )
  })

  test('from a folder has the digest of the archive of the folder', async () => {
    const { ports } = world({})
    const found = await driverSource(ports, entry({ from: 'directory', path: '/src' }), probe)
    expect(found.source).toMatchObject({ url: 'file:/src', sha256: sha256(bytes('archive of /src')) })
  })

  describe('of upstream is searched in the places of the settings', () => {
    const upstream = entry({ from: 'archive' })
    const [DOWN, OTHER] = ['http://down.invalid/{driverVersion}.tar.gz', 'http://tags.invalid']
    const source = (ports: DriverSourcePorts) => driverSource(ports, upstream, probe)

    test('in their order, past places that are unreachable or lack it', async () => {
      const { ports, asked } = world({ [TAG]: SOURCES }, [DOWN, 'http://empty.invalid', OTHER])
      expect(await source(ports)).toMatchObject({ source: { url: TAG, sha256: sha256(SOURCES) } })
      expect(asked).toHaveLength(3)
      // From then on the registry knows its place.
      const again = { ...ports, inputs: memoryPorts({ now: Date.now }).store.inputs }
      expect(await source(again)).toMatchObject({ source: { url: TAG } })
      expect(asked.slice(3)).toEqual([TAG])
    })

    test('and is missing if every place answers that it is missing', async () => {
      await expect(source(world({}, [OTHER, 'http://empty.invalid']).ports)).rejects.toMatchObject({
        code: 'driver-source-not-found',
        message: expect.stringContaining('http://tags.invalid/10.2.0%2Bdriver.tar.gz, http://empty.invalid/'),
      })
    })

    test('and if one place is unreachable and no other has it, the error names that place and the setting', async () => {
      for (const places of [[DOWN], [OTHER, DOWN], [DOWN, OTHER]])
        await expect(source(world({}, places).ports)).rejects.toMatchObject({
          code: 'mirror-unreachable',
          message: expect.stringMatching(
            /^the sources of driver version 10\.2\.0\+driver cannot be fetched: http:\/\/down\.invalid\/10.* name a mirror, a folder or a file that has them in driverArchives of the settings/,
          ),
        })
    })

    test('and a place with another digest than the first ends the search', async () => {
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

  describe('of a commit is searched in the places that the settings have for commits', () => {
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

    test('and is recorded at its first use', async () => {
      const { ports, source } = found({ [at]: SOURCES }, commits('any'))
      expect(await source).toMatchObject({ recipe: 'libs', source: { version: commit, url: at } })
      expect(await ports.sources.recorded(commit)).toMatchObject({ sha256: sha256(SOURCES) })
    })

    test('and must match the digest in the settings', async () => {
      for (const mode of ['listed', 'any'] as const) {
        const good = commits(mode, { [commit]: sha256(SOURCES) })
        expect(await found({ [at]: SOURCES }, good).source).toMatchObject({ bytes: SOURCES.length })
        const bad = commits(mode, { [commit]: 'b'.repeat(64) })
        await expect(found({ [at]: SOURCES }, bad).source).rejects.toMatchObject({ code: 'digest-mismatch' })
      }
    })

    test('and a commit that is missing there gives driver-source-not-found', async () => {
      await expect(found({}, commits('any')).source).rejects.toMatchObject({
        code: 'driver-source-not-found',
      })
    })
  })
})
