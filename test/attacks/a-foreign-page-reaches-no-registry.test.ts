// A page of another origin, in the operator's browser, posts to the registry, and reads from it by a name of its own that
// resolves to the registry's address (DNS rebinding).

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DRIVER_VERSION, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'

let registry: Registry
let work: Awaited<ReturnType<typeof scratch>>
let port: number
const PUBLIC_URL = 'https://probes.example.org'

beforeAll(async () => {
  work = await scratch()
  registry = await startRegistry({ dataDir: work.dir, env: { PUBLIC_URL } })
  port = Number(new URL(registry.url).port)
})
afterAll(async () => {
  await registry.stop()
  await work.remove()
})

interface Answer {
  readonly status: number
  readonly type: string | undefined
  readonly body: string
}

function ask(method: string, path: string, headers: Record<string, string>, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += String(chunk)))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'], body: text }),
      )
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

const PROBE = `/driver/${DRIVER_VERSION}/x86_64/scap_debian_6.1.1-1-amd64_1.ko`
const ROUTES: [method: string, path: string][] = [
  ['GET', '/v1/targets'],
  ['GET', PROBE],
  ['HEAD', PROBE],
  ['POST', '/v1/probes'],
  ['GET', '/s3/artifacts/x'],
  ['PUT', '/s3/artifacts/x'],
  ['OPTIONS', '/v1/probes'],
]

/** Sizes of the functions' logs: every function that runs writes to its log. */
const spoken = (): Record<string, number> => {
  const logs = join(work.dir, 'logs')
  return Object.fromEntries(readdirSync(logs).map((name) => [name, statSync(join(logs, name)).size]))
}

describe('a request to a name that is not the registry’s', () => {
  test.each(ROUTES)('gets 421 with advice for %s %s', async (method, path) => {
    const { status, type, body } = await ask(method, path, { host: `rebound.example:${port}` })
    expect({ status, type }).toEqual({ status: 421, type: 'application/problem+json' })
    if (method !== 'HEAD')
      expect(JSON.parse(body)).toMatchObject({ status: 421, detail: expect.stringContaining('PUBLIC_URL') })
  })

  test.each([
    'rebound.example',
    'localhost.rebound.example:PORT',
    '127.0.0.1.rebound.example:PORT',
    'rebound.example:PORT@127.0.0.1:PORT',
    '127.0.0.1:PORT.rebound.example',
    '127.0.0.1:1',
    '0.0.0.0:PORT',
    '[::ffff:127.0.0.1]:PORT',
    '2130706433:PORT',
    'probes.example.org.rebound.example',
  ])('gets 421 for %s', async (host) => {
    expect((await ask('GET', '/v1/targets', { host: host.replaceAll('PORT', String(port)) })).status).toBe(
      421,
    )
  })
})

test.each([
  '127.0.0.1:PORT',
  'localhost:PORT',
  'LOCALHOST:PORT',
  '[::1]:PORT',
  'probes.example.org',
  'probes.example.org:443',
])('%s is a name of the registry', async (host) => {
  expect((await ask('GET', '/v1/targets', { host: host.replace('PORT', String(port)) })).status).toBe(200)
})

test('the registry answers an old client that sends no host name, because it is not a browser', async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /v1/targets HTTP/1.0\r\n\r\n'))
    socket.on('data', (chunk) => (text += chunk.toString()))
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
})

describe('a page of another origin', () => {
  const own = () => ({ host: `127.0.0.1:${port}` })

  test.each([
    'https://evil.example',
    'null',
    'http://localhost:3000',
    'http://probes.example.org',
    'file://',
  ])('cannot post from %s, and no function runs', async (origin) => {
    const before = spoken()
    const { status, type } = await ask('POST', '/v1/probes', { ...own(), origin }, 'release=x')
    expect({ status, type }).toEqual({ status: 403, type: 'application/problem+json' })
    expect(spoken()).toEqual(before)
  })

  test.each([
    ['POST', 'cross-site', 'no-cors', 'empty'],
    ['POST', 'cross-site', 'navigate', 'document'],
    ['POST', 'same-site', 'no-cors', 'empty'],
    ['GET', 'cross-site', 'no-cors', 'image'],
    ['GET', 'cross-site', 'navigate', 'iframe'],
    ['GET', 'same-site', 'no-cors', 'script'],
  ])('starts no build by a %s that is %s, %s, %s', async (method, site, mode, dest) => {
    const before = spoken()
    const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest }
    expect((await ask(method, PROBE, { ...own(), ...headers })).status).toBe(403)
    expect(spoken()).toEqual(before)
  })

  test('may link to the registry', async () => {
    const headers = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    }
    expect((await ask('GET', '/v1/targets', { ...own(), ...headers })).status).toBe(200)
  })

  test('does not mean the registry’s own pages, which may post', async () => {
    for (const origin of [`http://127.0.0.1:${port}`, `http://localhost:${port}`, PUBLIC_URL]) {
      const headers = { ...own(), origin, 'sec-fetch-site': 'same-origin' }
      expect((await ask('POST', '/v1/probes', headers, '{}')).status).toBe(400)
    }
  })
})

test('refused requests leave no build, and no log line about the probe', () => {
  const builds = join(work.dir, 'builds')
  expect(readdirSync(work.dir).includes('builds') ? readdirSync(builds) : []).toEqual([])
  for (const name of readdirSync(join(work.dir, 'logs')))
    expect(readFileSync(join(work.dir, 'logs', name), 'utf8')).not.toContain('6.1.1-1')
})
