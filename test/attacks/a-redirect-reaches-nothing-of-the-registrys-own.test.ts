// A mirror, or somebody who answers in its place, redirects the registry to addresses that only the registry can reach.

import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createFetch } from '../../lib/aws/fetch.ts'
import { isPublicAddress, publicLookup } from '../../lib/aws/public-addresses.ts'

const servers: Server[] = []
/** With `::`, the server listens on the addresses of both families that the machine has. */
async function listen(answer: RequestListener, host = '127.0.0.1'): Promise<number> {
  const server = createServer(answer)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  return (server.address() as AddressInfo).port
}
afterAll(() => {
  for (const server of servers) server.close()
})

/** Counts requests to the secret server, which must get none. */
let asked = 0
let secret: number
let mirror: number
let location: string
beforeAll(async () => {
  secret = await listen((_, response) => {
    asked += 1
    response.end('a secret')
  }, '::')
  mirror = await listen((_, response) => response.writeHead(302, { location }).end())
})
beforeEach(() => {
  asked = 0
})

const sentOn = (to: string, settings: unknown = {}) => {
  location = to
  return createFetch({ timeoutMs: 3000, settings })(`http://127.0.0.1:${mirror}/dists/x/InRelease`, {
    maxBytes: 1000,
  })
}

const refused = expect.objectContaining({
  code: 'mirror-unreachable',
  message: expect.stringMatching(/is .*, which is not a public address: only places that the settings name/),
})

const LOOPBACK = [
  '127.0.0.1',
  '127.1',
  '127.255.255.254',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '017700000001',
  '0177.0.0.01',
  '%31%32%37.0.0.1',
  '0.0.0.0',
  '0',
  'localhost',
  'LOCALHOST',
  '[::1]',
  '[::]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::127.0.0.1]',
  '[64:ff9b::127.0.0.1]',
]

describe('a redirect to', () => {
  test.each(LOOPBACK)('this machine by the name of %s is not followed', async (host) => {
    await expect(sentOn(`http://${host}:${secret}/`)).rejects.toEqual(refused)
    expect(asked).toBe(0)
  })

  test.each([
    'http://169.254.169.254/latest/meta-data/iam/security-credentials/',
    'http://[fd00:ec2::254]/latest/meta-data/',
    'https://10.0.0.1/',
    'http://172.31.255.255/',
    'http://192.168.1.1/',
    'http://100.64.0.1/',
    'http://[fe80::1]/',
    'http://[fc00::1]/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
  ])('%s is not followed', async (url) => {
    const started = Date.now()
    await expect(sentOn(url)).rejects.toEqual(refused)
    expect(Date.now() - started).toBeLessThan(1000)
  })

  test('the registry’s own machine by way of a second redirect is not followed', async () => {
    const second = await listen((_, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${secret}/` }).end(),
    )
    const settings = { vanilla: { archive: `http://127.0.0.1:${second}/linux-{version}.tar.xz` } }
    await expect(sentOn(`http://127.0.0.1:${second}/`, settings)).rejects.toEqual(refused)
    expect(asked).toBe(0)
  })

  test('another port of the mirror’s host, with the mirror’s address as a user name, is not followed', async () => {
    await expect(sentOn(`http://127.0.0.1:${mirror}@127.0.0.1:${secret}/`)).rejects.toEqual(refused)
    expect(asked).toBe(0)
  })

  test('a server that the settings name is followed', async () => {
    const settings = { debian: { suites: [{ mirror: `http://127.0.0.1:${secret}/debian`, suite: 'x' }] } }
    expect(Buffer.from(await sentOn(`http://127.0.0.1:${secret}/`, settings)).toString()).toBe('a secret')
    expect(asked).toBe(1)
  })
})

test('the lookup of a name with a loopback address fails', async () => {
  for (const options of [{ all: true }, { all: false }, { family: 4 }]) {
    const error = await new Promise((resolve) => publicLookup('localhost', options, resolve))
    expect(error).toMatchObject({ name: 'NotPublicError' })
  }
})

test('distinguishes public addresses from all others', () => {
  for (const address of ['8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '192.0.1.1'])
    expect(`${address} ${isPublicAddress(address)}`).toBe(`${address} true`)
  for (const address of [
    '',
    'localhost',
    '127.0.0.1%lo',
    'fe80::1%eth0',
    '::ffff:10.0.0.1',
    '64:ff9b::10.0.0.1',
  ])
    expect(`${address} ${isPublicAddress(address)}`).toBe(`${address} false`)
})
