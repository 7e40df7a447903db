// Tests kernels that the archive has dropped. Debian's snapshot service keeps them: real code over HTTP, with a stand-in.

import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createFetch } from '../../../../lib/aws/fetch.ts'
import { ensureInput } from '../../../../lib/inputs/inputs.ts'
import { debianPlanner } from '../../../../lib/kernels/debian/planner.ts'
import { DEFAULTS } from '../../../../lib/kernels/settings.ts'
import {
  type ArchiveKey,
  type ArchiveStandIn,
  archiveKey,
  bytesOf,
  kernelDebs,
  type Seen,
  stampOf,
  startArchive,
} from '../../../support/archive.ts'
import { memoryPorts } from '../../../support/memory.ts'

const NOW = Date.UTC(2026, 10, 23, 12)
const DAY = 24 * 3_600_000
/** The time at which the dropped kernel was published. */
const THEN = NOW - 500 * DAY

let key: ArchiveKey
/** An old key that has expired since. */
let pastKey: ArchiveKey
let stranger: ArchiveKey
let archive: ArchiveStandIn
beforeAll(async () => {
  key = await archiveKey(NOW - 30 * DAY)
  pastKey = await archiveKey(THEN - 100 * DAY, THEN + 100 * DAY)
  stranger = await archiveKey(THEN - 100 * DAY)
})
beforeEach(async () => {
  archive = await startArchive()
  await archive.add({ archive: 'debian', suite: 'bookworm', date: NOW - DAY, key, debs: NEW })
  return () => archive.close()
})

const OLD = kernelDebs('6.1.0-40-amd64', '6.1.153-1', 'gcc-12')
const NEW = kernelDebs('6.1.0-56-amd64', '6.1.192-2', 'gcc-12')
const seenAt = (firstSeen: number, where: string): Seen[] =>
  OLD.map((deb) => ({ ...deb, archive: where, firstSeen }))

function planner({ mode = 'on', url = archive.url }: { mode?: 'on' | 'off'; url?: string } = {}) {
  let now = NOW
  const { store, lists, log, inside } = memoryPorts({ now: () => now })
  const ports = { lists, log, inputs: store.inputs, now: () => now, fetch: createFetch({ timeoutMs: 2000 }) }
  const mirrors = { main: `${archive.url}/debian`, security: `${archive.url}/debian-security` }
  const debian = { ...DEFAULTS.debian, mirrors, suites: [{ suite: 'bookworm' }], snapshot: { mode, url } }
  const keyrings = { keyring: key.publicKey, past: key.publicKey + pastKey.publicKey }
  return {
    ...debianPlanner(ports, { debian }, keyrings),
    ports,
    lines: inside.log,
    later: (ms: number) => (now += ms),
  }
}
const request = (kernelRelease: string) =>
  ({ arch: 'x86_64', kind: 'kmod', kernelRelease, kernelVersion: '1' }) as const

/** As security updates are listed: in the list of the day on which the package was first seen. */
async function dropped(key = pastKey, more: { validUntil?: number; codename?: string } = {}): Promise<void> {
  await archive.add({
    ...{ archive: 'debian-security', suite: 'bookworm-security', date: THEN, key, debs: OLD, ...more },
  })
  archive.see(...seenAt(THEN, 'debian-security'))
}

const service = () => archive.asked.filter((path) => path.startsWith('/mr/') || path.startsWith('/archive/'))

describe('a kernel that the archive has dropped', () => {
  test('is planned from the signed lists of its time, by its version and by its release name', async () => {
    await dropped(pastKey, { validUntil: THEN + 7 * DAY })
    const { plan, ports } = planner()
    for (const name of ['6.1.153-1-amd64', '6.1.0-40-amd64']) {
      const { headers, image, ...found } = await plan(request(name))
      expect(found).toEqual({
        tag: 'headers',
        kernelRelease: '6.1.153-1-amd64',
        unameRelease: '6.1.0-40-amd64',
        tree: 'usr/src/linux-headers-6.1.0-40-amd64',
        compiler: 'gcc-12',
      })
      expect(headers.map(({ name, version }) => `${name} ${version}`)).toEqual([
        'linux-headers-6.1.0-40-common 6.1.153-1',
        'linux-kbuild-6.1.0-40 6.1.153-1',
        'linux-headers-6.1.0-40-amd64 6.1.153-1',
      ])
      expect(image?.name).toBe('linux-image-6.1.0-40-amd64')
      for (const pkg of headers) await ensureInput(ports.inputs, ports.fetch, pkg)
      expect(headers[0]?.url).toMatch(`/archive/debian-security/${stampOf(THEN + DAY)}/pool/`)
    }
  })

  test('is found in proposed-updates and in backports', async () => {
    const debs = kernelDebs('6.12.9+bpo-amd64', '6.12.9-1~bpo12+1', 'gcc-12')
    await archive.add({
      archive: 'debian',
      suite: 'bookworm-proposed-updates',
      date: THEN,
      key: pastKey,
      debs: OLD,
    })
    await archive.add({ archive: 'debian', suite: 'bookworm-backports', date: THEN, key: pastKey, debs })
    archive.see(
      ...seenAt(THEN, 'debian'),
      ...debs.map((deb) => ({ ...deb, archive: 'debian', firstSeen: THEN })),
    )
    const { plan } = planner()
    expect(await plan(request('6.1.153-1-amd64'))).toMatchObject({ unameRelease: '6.1.0-40-amd64' })
    expect(await plan(request('6.12.9+bpo-amd64'))).toMatchObject({ unameRelease: '6.12.9+bpo-amd64' })
  })

  test('of a release before bullseye is found in the security suite of that time', async () => {
    const debs = kernelDebs('4.19.0-8-amd64', '4.19.98-1', 'gcc-8')
    await archive.add({
      ...{
        archive: 'debian-security',
        suite: 'buster/updates',
        codename: 'buster',
        date: THEN,
        key: pastKey,
        debs,
      },
    })
    archive.see(...debs.map((deb) => ({ ...deb, archive: 'debian-security', firstSeen: THEN })))
    expect(await planner().plan(request('4.19.98-1-amd64'))).toMatchObject({ compiler: 'gcc-8' })
  })

  test('costs a few requests, and its list is read once', async () => {
    await dropped()
    const { plan, later } = planner()
    await plan(request('6.1.153-1-amd64'))
    expect(service().length).toBeLessThanOrEqual(5)
    archive.asked.length = 0
    later(DAY)
    await plan(request('6.1.153-1-amd64'))
    expect(service().filter((path) => path.includes('Packages'))).toEqual([])
  })

  test('is not looked up if the archive has the kernel', async () => {
    await dropped()
    await planner().plan(request('6.1.192-2-amd64'))
    expect(service()).toEqual([])
  })

  test('is not looked up if a suite of the archive is unreachable: that suite may have the kernel', async () => {
    await dropped()
    archive.answer = (path, response) => path.startsWith('/debian/') && !!response.writeHead(502).end()
    await expect(planner().plan(request('6.1.153-1-amd64'))).rejects.toMatchObject({
      code: 'mirror-unreachable',
    })
    expect(service()).toEqual([])
  })

  test('is not looked up if the setting turns it off, and the refusal names the setting', async () => {
    await dropped()
    await expect(planner({ mode: 'off' }).plan(request('6.1.153-1-amd64'))).rejects.toMatchObject({
      code: 'headers-not-found',
      message: expect.stringContaining('the setting debian.snapshot.mode is off'),
    })
    expect(service()).toEqual([])
  })

  test('is not found if it never existed; the refusal names the service and gives advice', async () => {
    await expect(planner().plan(request('6.1.9999-1-amd64'))).rejects.toMatchObject({
      code: 'headers-not-found',
      message: expect.stringMatching(/Upgrade the host.*snapshot service http\S+ has none either\.$/),
    })
    expect(service().length).toBeLessThanOrEqual(3)
  })
})

describe('the snapshot service', () => {
  const refused = (code: string, message: RegExp) =>
    expect.objectContaining({ code, message: expect.stringMatching(message) })
  const plan = () => planner().plan(request('6.1.153-1-amd64'))

  test('is not trusted if a stranger signed its list', async () => {
    await dropped(stranger)
    await expect(plan()).rejects.toEqual(refused('signature-invalid', /no key of the keyring/))
  })

  test('is not trusted if a key signed its list after its expiry', async () => {
    const late = THEN + 200 * DAY
    await archive.add({
      ...{ archive: 'debian-security', suite: 'bookworm-security', date: late, key: pastKey, debs: OLD },
    })
    archive.see(...seenAt(late, 'debian-security'))
    await expect(plan()).rejects.toEqual(refused('signature-invalid', /no key of the keyring/))
  })

  test('is not trusted if its list is of another suite', async () => {
    await dropped(pastKey, { codename: 'trixie-security' })
    await expect(plan()).rejects.toEqual(refused('signature-invalid', /it is of trixie-security, not of/))
  })

  test('is not trusted if its list had expired at its stated time', async () => {
    await dropped(pastKey, { validUntil: THEN + DAY / 2 })
    await expect(plan()).rejects.toEqual(refused('signature-invalid', /was valid until/))
  })

  test('is not trusted if its list differs from the signed one', async () => {
    await dropped()
    archive.answer = (path, response) =>
      /Packages|by-hash/.test(path) && path.startsWith('/archive/') && !!response.end('x')
    await expect(plan()).rejects.toEqual(refused('digest-mismatch', /not the one that was signed/))
  })

  test('is not trusted if it changes the bytes of a package', async () => {
    await dropped()
    const { headers } = await plan()
    const { ports } = planner()
    archive.answer = (path, response) =>
      path.includes('/pool/') && !!response.end(bytesOf(OLD[0]!).map((byte) => byte ^ 1))
    const own = headers.at(-1)!
    await expect(ensureInput(ports.inputs, ports.fetch, own)).rejects.toMatchObject({
      code: 'digest-mismatch',
    })
  })

  test('is not trusted if it names a kernel that the signed list lacks', async () => {
    await archive.add({
      ...{ archive: 'debian-security', suite: 'bookworm-security', date: THEN, key: pastKey, debs: [] },
    })
    archive.see(...seenAt(THEN, 'debian-security'))
    await expect(plan()).rejects.toEqual(refused('headers-not-found', /has none either/))
  })

  test.each([
    ['not JSON', 'lies'],
    ['of another form', '{"result":[{"name":1}]}'],
    ['of another type', '[]'],
    ['huge', 'x'.repeat(3 * 1024 * 1024)],
    ['endless', JSON.stringify({ result: Array(20_000).fill({ name: 'a', version: 'b' }) })],
  ])('is unavailable if its answer is %s', async (_, text) => {
    archive.answer = (path, response) => path.startsWith('/mr/') && !!response.end(text)
    await expect(plan()).rejects.toEqual(
      refused('mirror-unreachable', /could not be asked: .*as its interface says/),
    )
  })

  test.each([
    ['names of other things', { name: '../../etc/passwd', version: '6.1.153-1' }],
    ['a name that is none of a kernel', { name: 'linux-headers-$(id)-amd64', version: '6.1.153-1' }],
    ['another version', { name: 'linux-headers-6.1.0-40-amd64', version: '6.1.153-2' }],
  ])('has no such kernel if it answers with %s', async (_, item) => {
    await dropped()
    archive.answer = (path, response) =>
      path.endsWith('/binpackages') && !!response.end(JSON.stringify({ result: [item] }))
    await expect(plan()).rejects.toEqual(refused('headers-not-found', /has none either/))
  })

  test.each([
    ['of tomorrow', stampOf(NOW + DAY)],
    ['of no time', '20269999T999999Z'],
    ['of no day', 'yesterday'],
    ['from before the service', '19700101T000000Z'],
  ])('has no package that it first saw at a time %s', async (_, first_seen) => {
    await dropped()
    const info = {
      name: 'linux-headers-6.1.0-40-amd64_6.1.153-1_amd64.deb',
      archive_name: 'debian-security',
      first_seen,
    }
    archive.answer = (path, response) =>
      path.includes('/binfiles') && !!response.end(JSON.stringify({ result: [], fileinfo: { a: [info] } }))
    await expect(plan()).rejects.toEqual(refused('headers-not-found', /has none either/))
    expect(service().filter((path) => path.startsWith('/archive/'))).toEqual([])
  })

  test('is asked about only a few of a thousand places that it names', async () => {
    await dropped()
    const info = (i: number) => ({
      ...{ name: 'linux-headers-6.1.0-40-amd64_6.1.153-1_amd64.deb', archive_name: 'debian-security' },
      first_seen: stampOf(THEN - (i + 10) * DAY),
    })
    archive.answer = (path, response) =>
      path.includes('/binfiles') &&
      !!response.end(JSON.stringify({ fileinfo: { a: Array.from({ length: 1000 }, (_, i) => info(i)) } }))
    await expect(plan()).rejects.toEqual(refused('headers-not-found', /has none either/))
    expect(service().length).toBeLessThan(20)
  })

  test('is reported as down, and is not asked again for five minutes', async () => {
    await dropped()
    archive.answer = (path, response) => path.startsWith('/mr/') && !!response.writeHead(503).end()
    const { plan, later, lines } = planner()
    const down = refused('mirror-unreachable', /could not be asked: .*answers 503/)
    await expect(plan(request('6.1.153-1-amd64'))).rejects.toEqual(down)
    expect(service()).toHaveLength(1)
    await expect(plan(request('6.1.153-1-amd64'))).rejects.toEqual(down)
    expect(service()).toHaveLength(1)
    expect(lines.map(({ event }) => event)).toContain('snapshot service not asked')
    archive.answer = () => false
    later(5 * 60_000)
    await expect(plan(request('6.1.153-1-amd64'))).resolves.toBeDefined()
  })

  test('is waited for no longer than the timeout of a request', async () => {
    await dropped()
    archive.answer = (path) => path.startsWith('/mr/')
    await expect(plan()).rejects.toEqual(refused('mirror-unreachable', /could not be asked/))
  })

  test('is asked about one kernel at a time', async () => {
    await dropped()
    const { plan } = planner()
    await Promise.allSettled(Array.from({ length: 8 }, (_, i) => plan(request(`6.1.${i + 500}-1-amd64`))))
    expect(archive.mostAtOnce()).toBe(1)
  })
})
