// What the places of a kernel's source answer, over real HTTP: an outage of one of them decides nothing, only a 404 of all does.

import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFetch } from '../../../../lib/aws/fetch.ts'
import { DEFAULTS } from '../../../../lib/kernels/settings.ts'
import { kernelSource } from '../../../../lib/kernels/vanilla/source.ts'
import { ProbeError } from '../../../../lib/model/errors.ts'
import type { Package } from '../../../../lib/model/probe.ts'
import { memoryPorts } from '../../../support/memory.ts'

type Answer = (response: ServerResponse) => void

let server: Server
let answer: Answer
beforeAll(async () => {
  server = createServer((_, response) => answer(response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const status =
  (code: number): Answer =>
  (response) =>
    void response.writeHead(code).end('no')
const GONE: readonly (readonly [string, Answer])[] = [
  ['404', status(404)],
  ['410', status(410)],
]
const AWAY: readonly (readonly [string, Answer])[] = [
  ['403', status(403)],
  ['429', status(429)],
  ['500', status(500)],
  ['503', status(503)],
  ['nothing', () => undefined],
  ['with the end of the connection', (response) => void response.destroy()],
  [
    'with half a file',
    (response) => {
      response.writeHead(200, { 'content-length': '500' }).write('-----BEGIN')
      setTimeout(() => response.destroy(), 20)
    },
  ],
  ['with a page of its network', (response) => void response.end('<html>Please log in</html>')],
]

/** 6.1.85, of which the distribution has `packages`. */
function source(packages: Package[] | ProbeError) {
  const { store, sources, log, now, inside } = memoryPorts({ now: Date.now })
  const { port } = server.address() as AddressInfo
  const archive = `http://127.0.0.1:${port}/linux-{version}.tar.xz`
  const found = kernelSource(
    {
      ...{ inputs: store.inputs, sources, log, now, fetch: createFetch({ timeoutMs: 500 }) },
      findPackages: async () => {
        if (packages instanceof ProbeError) throw packages
        return packages
      },
    },
    { ...DEFAULTS.vanilla, archive },
    { version: '6.1.85', arch: 'x86_64' },
  )
  return { found, inside }
}

const BESIDE: Package = {
  ...{ name: 'linux-source-6.1', version: '6.1.192-2', url: 'http://deb/', sha256: 'a'.repeat(64), bytes: 1 },
  format: 'deb',
}
const DOWN = new ProbeError('mirror-unreachable', 'http://deb/InRelease answers 502')

describe('the source of kernel 6.1.85', () => {
  test.each(AWAY)('is not said to be missing where kernel.org answers %s', async (_, answers) => {
    answer = answers
    const { found, inside } = source([BESIDE])
    await expect(found).rejects.toMatchObject({
      code: 'mirror-unreachable',
      message: expect.stringMatching(
        /^the source of kernel 6\.1\.85 is not available now: .*there is 6\.1\.192-2.*No other version is used instead\. If this stays so/,
      ),
    })
    expect(inside.objects.inputs.size).toBe(0)
  })

  test.each(GONE)(
    'is missing where kernel.org answers %s, and no distribution has it',
    async (_, answers) => {
      answer = answers
      await expect(source([BESIDE]).found).rejects.toMatchObject({ code: 'headers-not-found' })
      await expect(source([]).found).rejects.toMatchObject({
        code: 'headers-not-found',
        message: expect.stringMatching(/6\.1\.85 was not found: .*kernelurls.*vanilla\.archive/),
      })
    },
  )

  test.each([...GONE, ...AWAY])(
    'is not said to be missing where kernel.org answers %s, and the distribution cannot be asked',
    async (_, answers) => {
      answer = answers
      await expect(source(DOWN).found).rejects.toMatchObject({
        code: 'mirror-unreachable',
        message: expect.stringMatching(/linux-6\.1\.85\.\S+ .*, and http:\/\/deb\/InRelease answers 502\./),
      })
    },
  )
})
