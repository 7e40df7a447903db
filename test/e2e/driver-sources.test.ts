// Tests the sources of upstream's drivers. A registry that cannot download them reports it and names the setting. A registry
// builds from a mirror, a folder and commits.

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../lib/model/digest.ts'
import { cacheFolder } from '../../local/roots.ts'
import { type DebianKernel, pinned } from '../support/registry/kernels.ts'
import { ask, curl, freePort, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'
import { smallDriver } from '../support/small-driver.ts'

const PROGRAM = join(import.meta.dirname, '../../client/probe-registry.js')
const COMMIT = '48dfd53cd23f95720521d41b89883bbc35c8567f'
const FORGED = 'f'.repeat(40)
const SETTING = 'name a mirror, a folder or a file that has them in driverArchives of the settings'

let work: Awaited<ReturnType<typeof scratch>>
let kernel: DebianKernel
let mirror: Server
let mirrorUrl: string
/** what the mirror was asked for */
const asked: string[] = []
let nowhere: string

beforeAll(async () => {
  work = await scratch()
  kernel = pinned('6.1', 'amd64')
  nowhere = `http://127.0.0.1:${await freePort()}/libs`
  // Another user has to pass through this folder.
  chmodSync(work.dir, 0o755)
  shareRoots(join(work.dir, 'cache/probe-registry'))
  mkdirSync(join(work.dir, 'archives'))
  writeFileSync(join(work.dir, 'archives', '11.0.0+driver.tar.gz'), smallDriver('of the folder'))
  const files = new Map([
    ['/libs/12.0.0%2Bdriver.tar.gz', smallDriver('of the mirror')],
    [`/commits/${COMMIT}.tar.gz`, smallDriver('of the commit')],
  ])
  mirror = createServer(({ url = '' }, answer) => {
    asked.push(url)
    const found = files.get(url)
    answer.writeHead(found === undefined ? 404 : 200).end(found)
  })
  await new Promise<void>((resolve) => mirror.listen(0, '127.0.0.1', resolve))
  mirrorUrl = `http://127.0.0.1:${(mirror.address() as AddressInfo).port}`
})
afterAll(async () => {
  mirror.closeAllConnections()
  mirror.close()
  await work.remove()
})

const fileOf = () => `falco_debian_${kernel.release}_1.ko`
const pathOf = (version: string) => `/driver/${encodeURIComponent(version)}/x86_64/${fileOf()}`

/** Downloads the module as a client does. */
async function fetched(registry: Registry, version: string): Promise<Buffer> {
  const file = join(work.dir, version)
  const url = registry.url + pathOf(version)
  const got = await curl(['-fsSLo', file, '--max-time', '60', '--retry', '5', url])
  expect(got, (await ask(`${url}.json`)).body).toMatchObject({ code: 0 })
  return readFileSync(file)
}
const story = async (registry: Registry, version: string) =>
  JSON.parse((await ask(`${registry.url}${pathOf(version)}.json`)).body)

/** Runs `build` with this user's roots, but without the driver digests that this user's builds have recorded. */
function buildHere(version: string, settings: object) {
  const own = JSON.parse(readFileSync(join(work.dir, 'data/test-settings.json'), 'utf8'))
  const file = join(work.dir, 'build.json')
  writeFileSync(file, JSON.stringify({ ...own, ...settings }))
  const args = ['build', '--driver-version', version, '--target', 'debian', '--release', kernel.release]
  const env = { ...process.env, SETTINGS_FILE: file, XDG_CACHE_HOME: join(work.dir, 'cache') }
  return spawnSync(process.execPath, [PROGRAM, ...args, '--out', join(work.dir, 'built')], {
    env,
    encoding: 'utf8',
  })
}

function shareRoots(cache: string): void {
  mkdirSync(cache, { recursive: true })
  const shared = cacheFolder(process.env)
  for (const name of ['bucket', 'roots', 'packages', 'metadata'])
    symlinkSync(join(shared, name), join(cache, name))
}

describe('a registry that cannot reach upstream', () => {
  let registry: Registry
  beforeAll(async () => {
    const settings = { driverArchives: [nowhere] }
    registry = await startRegistry({ dataDir: join(work.dir, 'data'), settings })
  })
  afterAll(() => registry?.stop())

  test('reports it in one line at its start, with the name of the setting', async () => {
    await expect
      .poll(() => registry.output().split('\n'), { timeout: 20_000 })
      .toContainEqual(
        expect.stringMatching(/^upstream's driver versions, .* cannot be built here: .*driverArchives/),
      )
  })

  test('reports it at the URL of the probe, and plans a retry', async () => {
    await ask(registry.url + pathOf('11.0.0+driver'), '-L')
    expect(await story(registry, '11.0.0+driver')).toMatchObject({
      reason: 'mirror-unreachable',
      detail: expect.stringContaining(SETTING),
      retryAt: expect.anything(),
    })
  })

  test('refuses a commit as driver version, and explains what the host and the operator can do', async () => {
    const { status, body } = await ask(registry.url + pathOf(COMMIT), '-L')
    expect(status).toBe(404)
    expect(JSON.parse(body)).toMatchObject({
      code: 'unknown-driver-version',
      detail: expect.stringMatching(/use a release of Falco.*driverCommits in its settings/),
    })
  })

  test('reports the same as the `build` command', () => {
    const { status, stderr } = buildHere('11.0.0+driver', { driverArchives: [nowhere] })
    expect(stderr).toContain(SETTING)
    expect(status).toBe(3)
  })
})

describe('a registry with a folder, a mirror and commits', () => {
  let registry: Registry
  const settings = () => ({
    driverArchives: [join(work.dir, 'archives'), `${mirrorUrl}/libs`],
    driverCommits: { mode: 'any', archives: [`${mirrorUrl}/commits`] },
  })
  beforeAll(async () => {
    registry = await startRegistry({ dataDir: join(work.dir, 'data2'), settings: settings() })
  })
  afterAll(() => registry?.stop())

  test.each([
    ['a file of the folder', '11.0.0+driver', () => `file://${work.dir}/archives/11.0.0+driver.tar.gz`],
    [
      'the mirror, where the folder has none',
      '12.0.0+driver',
      () => `${mirrorUrl}/libs/12.0.0%2Bdriver.tar.gz`,
    ],
    ['a commit', COMMIT, () => `${mirrorUrl}/commits/${COMMIT}.tar.gz`],
  ])(
    'builds from %s a module of that version, and its manifest names the URL of the source',
    async (_, version, url) => {
      const module = await fetched(registry, version)
      expect(module.toString('latin1')).toContain(`version=${version}\0`)
      const { manifest } = await story(registry, version)
      expect(manifest.driverSource).toMatchObject({
        version,
        url: url(),
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      })
    },
  )

  test('requests a commit that upstream does not have only once', async () => {
    for (let tries = 0; tries < 3; tries += 1) {
      const { status, body } = await ask(registry.url + pathOf(FORGED), '-L')
      expect(status).toBe(404)
      expect(JSON.parse(body)).toMatchObject({ code: 'driver-source-not-found' })
    }
    expect(asked.filter((url) => url.includes(FORGED))).toHaveLength(1)
  })

  test('builds the same bytes as `build` does from the same folder', async () => {
    const { status, stdout, stderr } = buildHere('11.0.0+driver', settings())
    expect(status, stderr).toBe(0)
    expect(stdout).toContain(sha256(await fetched(registry, '11.0.0+driver')))
  })
})
