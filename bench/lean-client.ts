// An HTTP client that uses little processor time: one connection, no copies of the body. Clients with Node's
// own http need more processor time than the registry, on the same cores.

import { createConnection, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Result of one client. */
export interface Got {
  /** from its first request to its last byte */
  readonly milliseconds: number
  /** size of the received body; absent: the client gave up */
  readonly bytes?: number
}

interface Asking {
  /** client address that the local proxy forwards */
  readonly address: string
  readonly url: string
  /** milliseconds until the client gives up */
  readonly patience: number
}

/** Requests like a loader: follows redirects and obeys Retry-After. */
export async function leanClient({ address, url, patience }: Asking): Promise<Got> {
  const began = performance.now()
  const took = () => performance.now() - began
  const connections = new Map<string, Connection>()
  let at = new URL(url)
  try {
    for (;;) {
      const connection = connections.get(at.host) ?? connect(at)
      connections.set(at.host, connection)
      const answer = await connection.get(`${at.pathname}${at.search}`, address)
      if (answer.status === 200) return { milliseconds: took(), bytes: answer.bytes }
      if (answer.status === 307) {
        at = new URL(answer.location, at)
        continue
      }
      const later = answer.retryAfter * 1000
      if (took() + later > patience) return { milliseconds: took() }
      at = new URL(url)
      await sleep(later)
    }
  } catch {
    return { milliseconds: took() }
  } finally {
    for (const { end } of connections.values()) end()
  }
}

interface Answer {
  readonly status: number
  readonly location: string
  /** seconds */
  readonly retryAfter: number
  /** size of the body */
  readonly bytes: number
}

interface Connection {
  /** One request at a time. Rejects if the connection ends before the answer is complete. */
  get(path: string, address: string): Promise<Answer>
  end(): void
}

/** Shared by all sockets: the data of one read is parsed before the next read overwrites it. */
const buffer = Buffer.alloc(256 * 1024)

function connect({ hostname, port, host }: URL): Connection {
  let read: (chunk: Buffer) => void = () => {}
  let fail: (error: Error) => void = () => {}
  const socket: Socket = createConnection({
    ...{ host: hostname, port: Number(port) },
    onread: {
      buffer,
      callback: (bytes) => {
        read(buffer.subarray(0, bytes))
        return true
      },
    },
  })
  socket.on('error', (error) => fail(error))
  socket.on('close', () => fail(new Error('the connection ended')))
  return {
    get: (path, address) =>
      new Promise((resolve, reject) => {
        fail = reject
        read = reader(resolve, reject)
        socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-For: ${address}\r\n\r\n`)
      }),
    end: () => socket.destroy(),
  }
}

/** Parses one answer, which must give its length. */
function reader(done: (answer: Answer) => void, failed: (error: Error) => void): (chunk: Buffer) => void {
  let head = ''
  let answer: Answer | undefined
  let left = 0
  return (chunk) => {
    let body = chunk.length
    if (answer === undefined) {
      head += chunk.toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      if (end === -1) return
      body = head.length - (end + 4)
      answer = answerOf(head.slice(0, end))
      left = answer.bytes
    }
    left -= body
    if (Number.isNaN(left)) failed(new Error(`an answer of no length: ${head}`))
    else if (left <= 0) done(answer)
  }
}

function answerOf(head: string): Answer {
  const field = (name: string): string => new RegExp(`^${name}: *(.*)$`, 'im').exec(head)?.[1]?.trim() ?? ''
  return {
    status: Number(head.slice(9, 12)),
    location: field('location'),
    retryAfter: Number(field('retry-after') || 1),
    bytes: Number(field('content-length') || Number.NaN),
  }
}
