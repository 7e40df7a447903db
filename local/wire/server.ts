// An HTTP server for untrusted clients: limits headers and waiting times, and catches every error.

import { chmodSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, type ListenOptions, Server as NetServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { remove } from './files.ts'
import type { Service } from './types.ts'

interface Listening {
  readonly port: number
  close(): Promise<void>
  /** Accepts no more connections. Resolves when the open ones have ended, or after `ms`. */
  drain(ms: number): Promise<void>
}

/** API Gateway's limit: bytes of the request line and the headers together. */
const MAX_HEAD = 10_240

/** Rejects if the address is in use. `port` 0 selects a free one. */
export async function listen(service: Service, address: { host: string; port: number }): Promise<Listening> {
  const server = await open(service, address)
  return {
    port: (server.address() as AddressInfo).port,
    close: () => close(server),
    drain: (ms) => drain(server, ms),
  }
}

/** `path`: a socket that every user of this machine may connect to, if its folder allows it. */
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
    // Node's own value is up to a second old, and the AWS SDK sets its signing clock by this header.
    response.setHeader('date', new Date().toUTCString())
    service(request, response).catch(() => {
      if (response.headersSent) response.destroy()
      else response.writeHead(500, { 'content-length': 0 }).end()
    })
  })
  server.headersTimeout = 10_000
  server.on('clientError', refuse)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...address, backlog: 8192 }, resolve)
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

/** Time for a redirected client to send its next request on the same connection. */
const FOLLOW_MS = 1000

async function drain(server: Server, ms: number): Promise<void> {
  const began = performance.now()
  // HTTP's own close also ends every connection that is idle at that moment.
  const ended = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()))
  const idle = setInterval(() => {
    if (performance.now() - began > FOLLOW_MS) server.closeIdleConnections()
  }, 50)
  await Promise.race([ended, sleep(ms, undefined, { ref: false })])
  clearInterval(idle)
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
