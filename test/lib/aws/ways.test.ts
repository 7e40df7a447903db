// Tests downloads from mirrors behind a proxy, or with a certificate of a private authority, or both.

import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createPlainServer } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createFetch } from '../../../lib/aws/fetch.ts'
import { NETWORK, type NetworkSettings, networkSchema } from '../../../lib/model/network.ts'
import { type Authority, makeAuthority, startProxy, type TestProxy } from '../../support/proxy.ts'

let authority: Authority
let proxy: TestProxy
let location: string
const stops: (() => void)[] = []

async function mirror(answer: Parameters<typeof createServer>[1]): Promise<number> {
  const server: Server = createServer(answer)
  stops.push(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

let loopback: number
beforeAll(async () => {
  authority = makeAuthority()
  const tls = await authority.serve('tls.example', (_, answer) => answer.end('by tls'))
  loopback = await mirror((_, answer) => answer.end('here'))
  const plain = await mirror(({ url }, answer) =>
    url === '/on' ? answer.writeHead(302, { location }).end() : answer.end('plain'),
  )
  proxy = await startProxy({
    ...{ 'plain.example': plain, 'tls.example': tls.port, 'closed.example': 1 },
    ...{ 'metadata.internal': plain, intranet: plain, localhost: plain, '10.0.0.1': plain },
  })
  stops.push(tls.stop, proxy.stop)
})
afterAll(() => {
  for (const stop of stops) stop()
})
beforeEach(() => {
  proxy.asked.length = 0
  proxy.status = undefined
})

const PASSWORD = 'p%3Assw0rd'
const through = (more: Partial<NetworkSettings> = {}, port = proxy.port): NetworkSettings => ({
  ...NETWORK,
  proxy: `http://registry:${PASSWORD}@127.0.0.1:${port}`,
  ca: [authority.certificate],
  ...more,
})

async function read(url: string, network: NetworkSettings, settings: unknown = { network }): Promise<string> {
  const fetch = createFetch({ network, settings, timeoutMs: 30_000 })
  return Buffer.from(await fetch(url, { maxBytes: 1000, maxMilliseconds: 1500 })).toString()
}

/** The error's message. Neither the message nor its causes contain the password. */
async function whyNot(url: string, network: NetworkSettings): Promise<string> {
  const error = await read(url, network).then(
    (body) => expect.unreachable(body),
    (cause: Error) => cause,
  )
  expect(error).toMatchObject({ code: 'mirror-unreachable' })
  for (const secret of [
    PASSWORD,
    decodeURIComponent(PASSWORD),
    btoa(`registry:${decodeURIComponent(PASSWORD)}`),
  ])
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(secret)
  return error.message
}
const named = () => `the proxy http://127.0.0.1:${proxy.port} (network.proxy of the settings)`

describe('through a proxy', () => {
  test('the proxy gets its password and the name of the mirror, which the proxy resolves', async () => {
    expect(await read('http://plain.example/a?b=1', through())).toBe('plain')
    expect(await read('https://tls.example/a', through())).toBe('by tls')
    expect(proxy.asked).toEqual([
      'GET http://plain.example/a?b=1 registry:p:ssw0rd',
      'CONNECT tls.example:443 registry:p:ssw0rd',
    ])
  })

  test('requests to this machine and to hosts listed as direct do not use the proxy', async () => {
    expect(await read(`http://127.0.0.1:${loopback}/`, through())).toBe('here')
    expect(await read(`http://localhost:${loopback}/`, through())).toBe('here')
    for (const direct of [['plain.example'], ['.example']])
      expect(await whyNot('http://plain.example/', through({ direct }))).toMatch(/ENOTFOUND|EAI_AGAIN/)
    expect(proxy.asked).toEqual([])
  })

  test.each(['http://plain.example/', 'https://tls.example/'])(
    '%s: the error names a proxy that is down',
    async (url) => {
      const why = await whyNot(url, through({}, 1))
      expect(why).toContain(`${url} could not be read: the proxy http://127.0.0.1:1 (network.proxy`)
      expect(why).toMatch(/ECONNREFUSED.* Is it up, and may this machine reach it\?$/)
    },
  )

  test.each(['http://plain.example/', 'https://tls.example/'])(
    '%s: the error explains an answer 407 or 403 of the proxy',
    async (url) => {
      proxy.status = 407
      expect(await whyNot(url, through())).toContain(
        `${named()} answers 407: it wants a name and a password, or other ones than network.proxy has`,
      )
      proxy.status = 403
      expect(await whyNot(url, through())).toContain(`${named()} answers 403: let it allow this place, or`)
    },
  )

  test.each(['http://closed.example/', 'https://unknown.example/'])(
    '%s: the error for an unreachable mirror names the proxy',
    async (url) => {
      expect(await whyNot(url, through())).toContain(named())
    },
  )

  test.each([
    ['is no proxy', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['says nothing', undefined],
  ])('a request to a proxy that %s fails in time', async (_, says) => {
    const server = createPlainServer((socket) => {
      socket.on('error', () => {})
      if (says !== undefined) socket.end(says)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const began = Date.now()
    for (const url of ['http://plain.example/', 'https://tls.example/'])
      expect(await whyNot(url, through({}, port))).toContain(
        `the proxy http://127.0.0.1:${port} (network.proxy`,
      )
    expect(Date.now() - began).toBeLessThan(5000)
    server.close()
  })
})

describe('a mirror behind a proxy cannot redirect', () => {
  test.each([
    'http://10.0.0.1/',
    'http://[::1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://metadata.internal/',
    'https://metadata.internal./',
    'http://intranet/',
    'http://printer.local/',
    'http://2130706433/',
  ])('to %s', async (to) => {
    location = to
    expect(await whyNot('http://plain.example/on', through())).toMatch(
      /only places that the settings name may be there/,
    )
    expect(proxy.asked).toHaveLength(1)
  })

  test('to the proxy itself, although the settings name it', async () => {
    location = `http://127.0.0.1:${proxy.port}/`
    expect(await whyNot('http://plain.example/on', through())).toMatch(
      /is 127\.0\.0\.1, which is not a public address/,
    )
    expect(proxy.asked).toHaveLength(1)
  })

  test('except to another mirror', async () => {
    location = 'https://tls.example/'
    expect(await read('http://plain.example/on', through())).toBe('by tls')
  })
})

describe('a certificate', () => {
  test('that no configured authority signed is refused, and the error names the setting network.ca', async () => {
    expect(await whyNot('https://tls.example/', through({ ca: [] }))).toMatch(
      /no trusted authority signed its certificate\. Name the certificate of your own authority in network\.ca/,
    )
    const another = makeAuthority().certificate
    expect(await whyNot('https://tls.example/', through({ ca: [another] }))).toMatch(
      /neither a public authority nor one of network\.ca/,
    )
  })

  test('for another name is refused', async () => {
    const { port, stop } = await authorityFor('tls.example')
    expect(await whyNot(`https://localhost:${port}/`, network())).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID/)
    stop()
  })

  test('of a private authority is trusted without a proxy as well', async () => {
    const { port, stop } = await authorityFor('localhost')
    expect(await read(`https://localhost:${port}/`, network())).toBe('by tls')
    expect(await whyNot(`https://localhost:${port}/`, NETWORK)).toMatch(/network\.ca/)
    stop()
  })

  let own: Authority
  const network = () => ({ ...NETWORK, ca: [own.certificate] })
  const authorityFor = (name: string) => {
    own = makeAuthority()
    return own.serve(name, (_, answer) => answer.end('by tls'))
  }
})

describe('the settings', () => {
  const accepts = (network: object) => networkSchema.safeParse({ ...NETWORK, ...network }).success

  test.each([
    [{ proxy: 'http://proxy.example:3128' }, true],
    [{ proxy: 'https://registry:secret@proxy.example' }, true],
    [{ proxy: 'proxy.example:3128' }, false],
    [{ proxy: 'socks5://proxy.example' }, false],
    [{ proxy: 'http://proxy.example/path' }, false],
    [{ direct: ['mirror.lan', '.corp', '10.1.2.3', '[fd00::1]'] }, true],
    [{ direct: ['http://mirror.lan'] }, false],
    [{ ca: ['-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'] }, false],
    [{ ca: ['/etc/ssl/company.pem'] }, false],
  ])('%j: %s', (network, good) => {
    expect(accepts(network)).toBe(good)
  })

  test('never show the password in the error for a bad proxy', () => {
    const { error } = networkSchema.safeParse({ ...NETWORK, proxy: 'ftp://registry:secret@proxy.example' })
    expect(inspect(error)).toContain('http://proxy.example:3128')
    expect(inspect(error)).not.toContain('secret')
  })
})
