// Tests a registry that reaches its mirrors only through a company's proxy, and with that company's certificates.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { debianSuites } from '../support/mirrors.ts'
import { makeAuthority, startProxy, type TestProxy } from '../support/proxy.ts'
import { ask, DRIVER_VERSION, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'

const PASSWORD = 'only-the-proxy-knows'

let work: Awaited<ReturnType<typeof scratch>>
let proxy: TestProxy
let registry: Registry
let stopMirror: () => void

beforeAll(async () => {
  work = await scratch()
  const repository = join(work.dir, 'repository')
  execFileSync('mkdir', [repository])
  execFileSync('createrepo_c', ['--quiet', repository])
  const authority = makeAuthority()
  const mirror = await authority.serve('mirror.example', ({ url = '' }, answer) =>
    answer.end(readFileSync(join(repository, url))),
  )
  stopMirror = mirror.stop
  proxy = await startProxy({ 'mirror.example': mirror.port })
  registry = await startRegistry({
    dataDir: join(work.dir, 'data'),
    settings: {
      almalinux: { places: [{ of: '.', base: 'https://mirror.example' }], lists: 'unsigned' },
      network: {
        proxy: `http://registry:${PASSWORD}@127.0.0.1:${proxy.port}`,
        ca: [authority.certificate],
        direct: debianSuites().map((suite) => new URL(suite.mirror).hostname),
      },
    },
  })
}, 180_000)
afterAll(async () => {
  await registry?.stop()
  proxy?.stop()
  stopMirror?.()
  await work?.remove()
})

/** The state at the probe's URL after its plan. */
async function planned(release: string): Promise<{ reason?: string; detail?: string }> {
  const url = `${registry.url}/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/scap_almalinux_${release}_1.ko`
  await ask(url, '-L')
  return JSON.parse((await ask(`${url}.json`)).body)
}

test('the answer for a probe names the proxy that refused the registry, and the time of a retry', async () => {
  proxy.status = 407
  expect(await planned('5.14.0-427.2.1.el9_4.x86_64')).toMatchObject({
    reason: 'mirror-unreachable',
    detail: expect.stringContaining(
      `the proxy http://127.0.0.1:${proxy.port} (network.proxy of the settings) answers 407`,
    ),
    retryAt: expect.anything(),
  })
})

test('a plan reads the mirror through the proxy, and trusts its private certificate', async () => {
  proxy.status = undefined
  expect(await planned('5.14.0-427.1.1.el9_4.x86_64')).toMatchObject({ reason: 'headers-not-found' })
  expect(proxy.asked).toEqual(expect.arrayContaining([`CONNECT mirror.example:443 registry:${PASSWORD}`]))
})

/** Delivered events and compacted files of a database are deleted while the test reads the folder. */
function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

test("the proxy's password is in the settings, and in no log, answer or state", () => {
  expect(registry.output()).not.toContain(PASSWORD)
  const telling = readdirSync(registry.dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => bytesOf(file).includes(PASSWORD))
    .map((file) => file.slice(registry.dataDir.length + 1))
  // The settings as they were written, and as the functions get them. Only the operator can read the folder.
  expect(
    telling.filter((file) => !/^(?:cdk\.out\/[^/]+\.json|(?:test-)?settings\.json)$/.test(file)),
  ).toEqual([])
  expect(statSync(registry.dataDir).mode & 0o077).toBe(0)
})
