// Tests kill -9 during a build, the start after it, a clean stop, the public URL, and a start on a port that is in use.

import { readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { pinned } from '../support/registry/kernels.ts'
import {
  ask,
  curl,
  DRIVER_VERSION,
  freePort,
  scratch,
  sh,
  startRegistry,
} from '../support/registry/registry.ts'

const pathOf = (file: string) => `/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/${file}`
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(100))
    if (await condition()) return
  throw new Error(`it never happened: ${what}`)
}

describe('the stack', () => {
  test('serves the module to the next GET after it was killed during its build and started again', async () => {
    const data = await scratch()
    const port = await freePort()
    const kernel = pinned('6.1', 'cloud-amd64')
    const file = `scap_debian_${kernel.release}_1.ko`
    const first = await startRegistry({ dataDir: data.dir, port })
    const lost = curl(['-fsSL', '--max-time', '60', '-o', join(data.dir, 'lost'), first.url + pathOf(file)])
    await until(
      'a build runs',
      async () => (await readdir(join(data.dir, 'builds')).catch(() => [])).length > 0,
    )
    await sleep(2000)
    expect(await first.stop('SIGKILL')).toBe('SIGKILL')
    expect((await lost).code).not.toBe(0)

    const second = await startRegistry({ dataDir: data.dir, port })
    const got = join(data.dir, 'got.ko')
    await until('the module is served', async () => {
      const { code } = await curl(['-fsSL', '--max-time', '60', '-o', got, second.url + pathOf(file)])
      return code === 0
    })
    expect(await sh('modinfo', ['-F', 'vermagic', got])).toContain(kernel.unameRelease)

    // A clean stop keeps all data, too: the third start serves the same probe from the cache.
    expect(await second.stop('SIGINT')).toBe(0)
    const third = await startRegistry({ dataDir: data.dir, port })
    const hit = await ask(third.url + pathOf(file))
    expect(hit.status).toBe(307)
    const head = await curl(['-fsSIL', third.url + pathOf(file)])
    expect(head.code).toBe(0)
    expect(await third.stop('SIGTERM')).toBe(0)
    await data.remove()
  }, 300_000)

  test('redirects to the configured public URL, and answers under its host name', async () => {
    const data = await scratch()
    const port = await freePort()
    const PUBLIC_URL = 'http://probes.example.org:1234'
    const registry = await startRegistry({ dataDir: data.dir, port, env: { PUBLIC_URL } })
    const { release } = pinned('6.1', 'amd64')
    const url = PUBLIC_URL + pathOf(`scap_debian_${release}_1.ko`)
    const there = ['--connect-to', `probes.example.org:1234:127.0.0.1:${port}`]
    const got = join(data.dir, 'got')
    const seen = await curl([...there, '-fsSL', '-o', got, '-w', '%{url_effective}', url])
    expect(seen).toMatchObject({ code: 0 })
    expect(seen.stdout).toMatch(/^http:\/\/probes\.example\.org:1234\/s3\/.*X-Amz-Signature/)
    await registry.stop()
    await data.remove()
  }, 120_000)

  test('reports a port that is in use', async () => {
    const data = await scratch()
    const server = createServer()
    const port = await freePort()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    const refused = startRegistry({ dataDir: data.dir, port })
    await expect(refused).rejects.toThrow(new RegExp(`port ${port}`))
    server.close()
    await data.remove()
  }, 120_000)
})
