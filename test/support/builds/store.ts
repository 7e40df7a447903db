// A loopback store: it serves objects by GET, accepts them by PUT, and records all requests.

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface LoopbackStore {
  readonly port: number
  readonly objects: Map<string, Buffer>
  /** `METHOD /path`, in order */
  readonly requests: string[]
  /** A URL that contains a secret, like a presigned URL. */
  url(name: string): string
  /** So many of the next conditional PUTs conflict with another request for their key. */
  conflicts(count: number): void
  /** Its URLs expire after so many more requests, like URLs of an ended session. */
  ends(after: number): void
  close(): Promise<void>
}

/** PUTs below this path are stored, but answered with 503. */
export const LOST = '/lost-'
const SECRET = 'X-Amz-Signature=5ec3e7'

export async function openStore(): Promise<LoopbackStore> {
  const objects = new Map<string, Buffer>()
  const requests: string[] = []
  let conflicts = 0
  let left = Number.POSITIVE_INFINITY
  const server = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://store')
    requests.push(`${request.method} ${pathname}`)
    if (search !== `?${SECRET}`) return response.writeHead(403).end()
    left -= 1
    if (left < 0) return response.writeHead(400).end('<Error><Code>ExpiredToken</Code></Error>')
    if (request.method === 'PUT') {
      const body = await bodyOf(request)
      if (request.headers['if-none-match'] === '*' && conflicts > 0) {
        conflicts -= 1
        return response.writeHead(409).end()
      }
      const there = request.headers['if-none-match'] === '*' && objects.has(pathname.slice(1))
      if (there) return response.writeHead(412).end()
      objects.set(pathname.slice(1), body)
      return pathname.startsWith(LOST) ? response.writeHead(503).end() : response.end()
    }
    const object = objects.get(pathname.slice(1))
    return object === undefined ? response.writeHead(404).end() : response.end(object)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    objects,
    requests,
    conflicts: (count) => {
      conflicts = count
    },
    ends: (after) => {
      left = after
    },
    url: (name) => `http://127.0.0.1:${port}/${name}?${SECRET}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
