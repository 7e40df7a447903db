import { request } from 'node:http'
import { networkInterfaces } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { behindDoor, type Place } from '../../../local/wire/door.ts'
import { listen } from '../../../local/wire/server.ts'

/** The status of a request with that Host header, to a service that answers every request. */
async function statusOf(place: Place, host: string): Promise<number | undefined> {
  const service = behindDoor(async (_, response) => void response.end(), place)
  const { port, close } = await listen(service, { host: '127.0.0.1', port: 0 })
  onTestFinished(close)
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.on('error', reject)
    asked.end()
  })
}

const placeOf = (place: Partial<Place>): Place => ({
  host: '127.0.0.1',
  port: 8080,
  publicUrl: 'http://127.0.0.1:8080',
  ...place,
})

test.each(['0.0.0.0', '::'])(
  'a server on %s accepts every address of this machine as its name',
  async (host) => {
    const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
    expect(addresses.length).toBeGreaterThan(0)
    for (const { address, family } of addresses) {
      const name = family === 'IPv6' ? `[${address}]` : address
      expect(await statusOf(placeOf({ host }), `${name}:8080`)).toBe(200)
    }
    expect(await statusOf(placeOf({ host }), '203.0.113.7:8080')).toBe(421)
  },
)

test.each([
  ['192.0.2.1', '192.0.2.1:8080'],
  ['2001:db8::1', '[2001:db8::1]:8080'],
  ['fe80::1%eth0', '[fe80::1]:8080'],
  ['registry.example', 'Registry.Example:8080'],
])('a server on only %s accepts the name %s', async (host, name) => {
  expect(await statusOf(placeOf({ host }), name)).toBe(200)
  expect(await statusOf(placeOf({}), name)).toBe(421)
})

test.each([
  [
    'http://probes.example',
    ['probes.example', 'probes.example:80'],
    ['probes.example:8080', 'probes.example:443'],
  ],
  ['https://probes.example:8443', ['probes.example:8443'], ['probes.example', 'probes.example:443']],
])('the public URL %s adds its host only with its own port', async (publicUrl, names, others) => {
  for (const name of names) expect(await statusOf(placeOf({ publicUrl }), name)).toBe(200)
  for (const name of others) expect(await statusOf(placeOf({ publicUrl }), name)).toBe(421)
})

test('a server on port 80 accepts its name with and without the port', async () => {
  for (const name of ['localhost', 'localhost:80'])
    expect(await statusOf(placeOf({ port: 80 }), name)).toBe(200)
})
