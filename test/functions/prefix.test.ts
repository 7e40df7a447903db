// Tests a registry below a path of another host. The host's proxy removes the path before it forwards a request.

import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { startWholeStack, type WholeStack } from '../support/local/whole-stack.ts'

const NOWHERE = 'http://127.0.0.1:9/debian'
const PROBE = '/driver/0.20.0/x86_64/scap_debian_6.1.192-2-amd64_1.ko'

let stack: WholeStack
let proxy: { readonly url: string; stop(): void }
beforeAll(async () => {
  stack = await startWholeStack({
    prefix: '/our/probes',
    hold: { hopSeconds: 0.3, totalSeconds: 1, pollSeconds: 0.1 },
    debian: { mirrors: { main: NOWHERE, security: NOWHERE } },
    driverPackages: { ...DEFAULTS.driverPackages, mirror: NOWHERE },
  })
  proxy = await startProxy(stack.url, '/our/probes')
})
afterAll(async () => {
  proxy?.stop()
  await stack?.stop()
})

/** A proxy that forwards only paths below the prefix. */
async function startProxy(to: string, prefix: string) {
  const server = createServer(({ url = '/', method = 'GET', headers: { host: _, ...headers } }, answer) => {
    if (!url.startsWith(`${prefix}/`)) return answer.writeHead(418).end()
    const onward = request(new URL(url.slice(prefix.length), to), { method, headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers)
      answered.pipe(answer)
    })
    return onward.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, stop: () => void server.close() }
}

test('every redirect of a request leads back below the prefix', async () => {
  const asked = `${proxy.url}/our/probes${PROBE}`
  const first = await fetch(asked, { redirect: 'manual' })
  expect([first.status, first.headers.get('location')]).toEqual([
    307,
    expect.stringMatching(/^\/our\/probes\/wait\/driver\//),
  ])
  const last = await fetch(asked)
  expect(last.url).toMatch(/\/our\/probes\/wait\/driver\//)
  expect(last.status).not.toBe(418)
})
