import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFetch } from '../../../lib/aws/fetch.ts'

let server: Server
let base: string
let answer: (request: IncomingMessage, response: ServerResponse) => void

beforeAll(async () => {
  server = createServer((request, response) => answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  base = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const fetch = createFetch({ timeoutMs: 1000 })
const get = (path = '/a?X-Amz-Signature=secret', maxBytes = 1000) => fetch(base + path, { maxBytes })
const failing = (code: string) =>
  expect.objectContaining({ code, message: expect.not.stringContaining('secret') })

describe('a download', () => {
  test('returns the bytes and follows redirects', async () => {
    answer = ({ url }, response) =>
      url === '/to' ? response.end('bytes') : response.writeHead(302, { location: '/to' }).end()
    expect(Buffer.from(await get()).toString()).toBe('bytes')
  })

  test('is refused if it is too large', async () => {
    answer = (_, response) => {
      response.write('x'.repeat(900))
      response.end('x'.repeat(900))
    }
    await expect(get()).rejects.toEqual(failing('too-large'))
  })

  test('without an end is cut off and refused', async () => {
    answer = (_, response) => {
      const timer = setInterval(() => response.write('x'.repeat(500)), 5)
      response.on('close', () => clearInterval(timer))
    }
    await expect(get()).rejects.toEqual(failing('too-large'))
  })

  test.each([
    [404, 'not-found'],
    [410, 'not-found'],
    [401, 'mirror-unreachable'],
    [403, 'mirror-unreachable'],
    [429, 'mirror-unreachable'],
    [451, 'mirror-unreachable'],
    [500, 'mirror-unreachable'],
    [503, 'mirror-unreachable'],
  ])('answered with %i fails as %s', async (status, code) => {
    answer = (_, response) => response.writeHead(status).end('no')
    await expect(get()).rejects.toEqual(failing(code))
  })

  test('fails after an endless redirect or a redirect to a file', async () => {
    answer = (_, response) => response.writeHead(302, { location: '/again?secret' }).end()
    await expect(get()).rejects.toEqual(failing('mirror-unreachable'))
    answer = (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end()
    await expect(get()).rejects.toEqual(failing('mirror-unreachable'))
  })

  test('ends at its own time limit, and never later than the default one', async () => {
    answer = () => {}
    for (const [maxMilliseconds, least, most] of [
      [50, 0, 900],
      [60_000, 900, 3000],
    ] as const) {
      const began = Date.now()
      await expect(fetch(`${base}/a`, { maxBytes: 1, maxMilliseconds })).rejects.toEqual(
        failing('mirror-unreachable'),
      )
      expect(Date.now() - began).toBeGreaterThanOrEqual(least)
      expect(Date.now() - began).toBeLessThan(most)
    }
  })

  test('that is cut off in the middle fails', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': '500' })
      response.write('half')
      setTimeout(() => response.destroy(), 20)
    }
    await expect(get()).rejects.toEqual(failing('mirror-unreachable'))
  })

  test('is retried if the server closes a reused connection, and fails if it closes a new one', async () => {
    const used = new Set<unknown>()
    const asked: boolean[] = []
    answer = ({ socket }, response) => {
      asked.push(used.has(socket))
      if (used.has(socket)) return socket.destroy()
      used.add(socket)
      response.end('bytes')
    }
    for (let i = 0; i < 2; i += 1) expect(Buffer.from(await get()).toString()).toBe('bytes')
    // The second download was requested twice.
    expect(asked).toEqual([false, true, false])
    answer = ({ socket }) => socket.destroy()
    await expect(get()).rejects.toEqual(failing('mirror-unreachable'))
  })

  test('that stalls fails', async () => {
    answer = (_, response) => void response.write('a')
    await expect(get()).rejects.toEqual(failing('mirror-unreachable'))
  })

  test('of a file needs the option for files', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'fetch-'))
    writeFileSync(join(dir, 'a'), 'file')
    const url = pathToFileURL(join(dir, 'a')).href
    const files = createFetch({ files: true })
    expect(Buffer.from(await files(url, { maxBytes: 10 })).toString()).toBe('file')
    await expect(files(url, { maxBytes: 3 })).rejects.toMatchObject({ code: 'too-large' })
    await expect(files(`${url}-not`, { maxBytes: 3 })).rejects.toMatchObject({ code: 'not-found' })
    await expect(files(`${url}/b`, { maxBytes: 3 })).rejects.toMatchObject({ code: 'not-found' })
    // It exists but cannot be read.
    await expect(files(pathToFileURL(dir).href, { maxBytes: 1e6 })).rejects.toMatchObject({
      code: 'mirror-unreachable',
    })
    await expect(fetch(url, { maxBytes: 10 })).rejects.toMatchObject({ code: 'mirror-unreachable' })
    rmSync(dir, { recursive: true })
  })
})
