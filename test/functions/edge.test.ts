// Tests the complete stack behind a CloudFront distribution: a stand-in forwards the viewers' requests to it.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EDGE_HEADER, VIEWER_HEADER } from '../../lib/aws/resources.ts'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { behindEdge } from '../support/cdk/edge.ts'
import { type StandIn, startEdge } from '../support/local/edge.ts'
import { startWholeStack, type WholeStack } from '../support/local/whole-stack.ts'

/** Nothing listens on this address, and it needs no DNS. */
const NOWHERE = 'http://127.0.0.1:9/debian'

let stack: WholeStack
let secret: string
const edges: StandIn[] = []

beforeAll(async () => {
  stack = await startWholeStack({
    ...behindEdge(),
    budgets: { refusedPerCallerPerDay: 1 },
    hold: { hopSeconds: 0.3, totalSeconds: 0.5, pollSeconds: 0.1 },
    debian: { mirrors: { main: NOWHERE, security: NOWHERE } },
    driverPackages: { ...DEFAULTS.driverPackages, mirror: NOWHERE },
  })
  secret = secretIn(stack.dataDir)
})
afterAll(async () => {
  for (const edge of edges) await edge.stop()
  await stack?.stop()
})

/** The secret that Secrets Manager generated. The other secret is the signing key. */
function secretIn(dataDir: string): string {
  const folder = join(dataDir, 'secrets')
  const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'))
  const made = texts.flatMap((text) => /"SecretString":\s*"([\w-]{48})"/.exec(text)?.[1] ?? [])
  expect(made).toHaveLength(1)
  return made[0]!
}

async function edgeFor(viewer: string): Promise<string> {
  const edge = await startEdge(stack.url, secret, viewer)
  edges.push(edge)
  return edge.url
}

/** One request for each function that answers clients. */
const OF_EACH = [
  ['GET', '/driver/0.20.0/x86_64/scap_debian_6.1.192-2-amd64_1.ko'],
  ['GET', '/keys/falco-probes.asc'],
  ['GET', '/wait/driver/0.20.0/x86_64/scap_debian_6.1.192-2-amd64_1.ko'],
  [
    'GET',
    '/stable/sysdig-probe-binaries/falco-probe-0.20.0-x86_64-6.1.0-0123456789abcdef0123456789abcdef.ko',
  ],
  ['GET', '/v1/targets'],
  ['POST', '/v1/probes'],
  ['POST', '/v1/verdicts'],
] as const

describe('a registry behind a distribution', () => {
  test.each(OF_EACH)('refuses %s %s that bypasses the distribution', async (method, path) => {
    for (const headers of [{}, { [EDGE_HEADER]: 'guessed', [VIEWER_HEADER]: '203.0.113.7:1' }]) {
      const answer = await fetch(stack.url + path, { method, headers, redirect: 'manual' })
      expect([answer.status, answer.headers.get('content-type')]).toEqual([403, 'application/problem+json'])
      expect(await answer.json()).toMatchObject({ code: 'past-the-edge' })
    }
  })

  test.each(OF_EACH)('answers %s %s through the distribution', async (method, path) => {
    const url = await edgeFor('203.0.113.1:1')
    const answer = await fetch(url + path, { method, redirect: 'manual' })
    expect(answer.status).not.toBe(403)
    expect(answer.status).not.toBe(500)
  })

  test('has a budget for each address, whatever the port', async () => {
    const paid = async (viewer: string) => {
      const body = new FormData()
      for (const [name, value] of [
        ['config', new Blob(['no config'])],
        ['release', '6.1.0'],
        ['version', '#1 SMP'],
        ['machine', 'x86_64'],
      ] as const)
        body.append(name, value)
      return (await fetch(`${await edgeFor(viewer)}/v1/verdicts`, { method: 'POST', body })).status
    }
    expect(await paid('198.51.100.10:1000')).toBe(422)
    expect(await paid('198.51.100.10:2000')).toBe(429)
    expect(await paid('2001:db8::1:1000')).toBe(422)
    expect(await paid('2001:db8::2:1000')).toBe(429)
    expect(await paid('203.0.113.10:1000')).toBe(422)
  })

  test('redirects to the requested host, not to the host of the API', async () => {
    const url = await edgeFor('203.0.113.1:1')
    const first = await fetch(`${url}/driver/0.20.0/x86_64/scap_debian_6.1.190-1-amd64_1.ko`, {
      redirect: 'manual',
    })
    const location = first.headers.get('location') ?? ''
    expect([first.status, location]).toEqual([307, expect.stringMatching(/^\/wait\//)])
    const followed = await fetch(new URL(location, url))
    expect([followed.status, new URL(followed.url).origin]).toEqual([503, url])
  })

  test('writes the secret into no log', () => {
    const logs = join(stack.dataDir, 'logs')
    const texts = readdirSync(logs).map((file) => readFileSync(join(logs, file), 'utf8'))
    expect(texts.length).toBeGreaterThan(0)
    expect(texts.filter((text) => text.includes(secret))).toEqual([])
  })
})
