import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFetch } from '../../../lib/aws/fetch.ts'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { driverPlacesAway } from '../../../lib/plan/driver-places.ts'
import { temporaryFolder } from '../../support/local/assembly.ts'

let server: Server
let base: string
let status: number
beforeAll(async () => {
  server = createServer((_, answer) => answer.writeHead(status).end('something'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** Nothing listens on this port. */
const NOWHERE = 'http://127.0.0.1:9'
const line = (driverArchives: string[], drivers = DEFAULTS.drivers) =>
  driverPlacesAway({ drivers, driverArchives }, createFetch({ files: true }))

test.each([200, 404])('a place that answers %i gives no warning', async (answer) => {
  status = answer
  expect(await line([base])).toBeUndefined()
  expect(await line([NOWHERE, base])).toBeUndefined()
})

test('an existing folder gives no warning', async () => {
  expect(await line([NOWHERE, temporaryFolder()])).toBeUndefined()
})

test('if no place answers, one line names each place, its error and the setting', async () => {
  status = 503
  const said = await line([`${NOWHERE}/libs`, base])
  expect(said).toMatch(
    /^[^\n]*127\.0\.0\.1:9\/libs\/11\.0\.0%2Bdriver\.tar\.gz could not be read: [^\n]*ECONNREFUSED/,
  )
  expect(said).toMatch(/answers 503\. Name a mirror, a folder or a file .* in driverArchives of the settings/)
})

test('a registry that serves none of these drivers gives no warning', async () => {
  const packages = DEFAULTS.drivers.filter(({ source }) => source.from === 'package')
  expect(await line([NOWHERE], packages)).toBeUndefined()
})
