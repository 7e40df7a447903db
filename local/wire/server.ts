// An HTTP server that hostile input cannot bring down: bounded heads, bounded waits, and no error that escapes.

import { chmodSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, ListenOptions, Socket } from 'node:net'
import { remove } from './files.ts'
import type { Service } from './types.ts'

export interface Listening {
  readonly port: number
  close(): Promise<void>
}

/** API Gateway's: bytes of the request line and the headers together. */
const MAX_HEAD = 10_240

/** Rejects when the address is taken. `port` 0 takes a free one. */
export async function listen(service: Service, address: { host: string; port: number }): Promise<Listening> {
  const server = await open(service, address)
  return { port: (server.address() as AddressInfo).port, close: () => close(server) }
}

/** `path`: of a socket that every user of this machine may connect to who can reach it. */
export async function listenOn(service: Service, path: string): Promise<Pick<Listening, 'close'>> {
  remove(path)
  const server = await open(service, { path })
  chmodSync(path, 0o666)
  return { close: () => close(server) }
}

async function open(service: Service, address: ListenOptions): Promise<Server> {
  const server = createServer({ maxHeaderSize: MAX_HEAD, keepAliveTimeout: 60_000 }, (request, response) => {
    request.on('error', () => {})
    response.on('error', () => {})
    service(request, response).catch(() => {
      if (response.headersSent) response.destroy()
      else response.writeHead(500, { 'content-length': 0 }).end()
    })
  })
  server.headersTimeout = 10_000
  server.on('clientError', refuse)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...address, backlog: 1024 }, resolve)
  })
  return server
}

const REFUSALS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) return void socket.destroy()
  const status = REFUSALS[error.code ?? ''] ?? '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
