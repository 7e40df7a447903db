// A loopback store: serves objects by GET, takes them by PUT, and remembers what was asked of it.

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface LoopbackStore {
  readonly port: number
  readonly objects: Map<string, Buffer>
  /** `METHOD /path`, in order */
  readonly requests: string[]
  /** A URL with a secret in it, as a presigned one has. */
  url(name: string): string
  close(): Promise<void>
}

export const SECRET = 'X-Amz-Signature=5ec3e7'

export async function openStore(): Promise<LoopbackStore> {
  const objects = new Map<string, Buffer>()
  const requests: string[] = []
  const server = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://store')
    requests.push(`${request.method} ${pathname}`)
    if (search !== `?${SECRET}`) return response.writeHead(403).end()
    if (request.method === 'PUT') {
      objects.set(pathname.slice(1), await bodyOf(request))
      return response.end()
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
