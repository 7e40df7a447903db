// A registry, or a proxy in between, redirects a host that posts its kernel's config.

import { expect, onTestFinished, test } from 'vitest'
import { sha256 } from '../../lib/model/digest.ts'
import { type Loopback, loopback, redirect } from '../support/client/loopback.ts'
import { expectRefused, scene } from '../support/client/scene.ts'
import { RAW } from '../support/hosts.ts'

const CONFIG = 'CONFIG_SECRET=y\n'
const POSTED = '/v1/probes'

async function twoHosts(http: 'curl' | 'wget') {
  const at = await scene({ http, raw: RAW.debianOwnKernel, files: { 'boot/config-6.1.55-mine': CONFIG } })
  const other = await loopback()
  onTestFinished(() => other.close())
  return { at, other }
}
const posts = ({ asked }: Loopback) =>
  asked.filter(({ method }) => method === 'POST').map(({ url, body }) => [url, sha256(body)])

test.each(['curl', 'wget'] as const)('with %s, the loader sends no config to another host', async (http) => {
  const { at, other } = await twoHosts(http)
  at.registry.on(POSTED, redirect(`${other.url}${POSTED}`))
  const ran = await at.load(['--compile'], { DRIVER_CURL_OPTIONS: '--location-trusted' })
  expectRefused(
    at,
    ran,
    2,
    /sends on to http:\/\/127.0.0.1:\d+\/v1\/probes:\n {2}the config goes to no other host/,
  )
  expect(other.asked).toEqual([])
})

test.each([
  ['another scheme', (url: string) => url.replace('http:', 'https:')],
  ['a host that begins like its own', (url: string) => `${url}.example.org/x`],
  ['its own name as that of a user', (url: string) => `${url.replace('http://', 'http://127.0.0.1:1@')}0/x`],
  ['a host without a scheme', () => '//127.0.0.1:1/x'],
  ['a file', () => 'file:///etc/passwd'],
  ['nothing', () => ''],
])('the loader sends no config after a redirect to %s', async (_, location) => {
  const { at } = await twoHosts('curl')
  at.registry.on(POSTED, redirect(location(at.registry.url)))
  expectRefused(at, await at.load(['--compile']), 2, /the config goes to no other host/)
  expect(posts(at.registry)).toHaveLength(1)
})

test('the loader follows redirects within its own host, and sends the complete config at most three times', async () => {
  const { at } = await twoHosts('curl')
  at.registry.on(POSTED, redirect('/prefix/v1/probes'))
  at.registry.on('/prefix/v1/probes', redirect(`${at.registry.url}/loop`))
  at.registry.on('/loop', redirect('/loop'))
  await at.load(['--compile'])
  const [first, ...again] = posts(at.registry)
  expect(again.map(([url]) => url)).toEqual(['/prefix/v1/probes', '/loop'])
  for (const [, body] of again) expect(body).toBe(first?.[1])
})
