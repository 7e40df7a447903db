// A TCP proxy that breaks connections: it ends the next connections after a given number of bytes from the client.

import { type AddressInfo, connect, createServer } from 'node:net'

export interface Cut {
  readonly host: string
  /** The next `times` connections end after `bytes` bytes. */
  breakOff(times: number, bytes: number): void
  /** connections that were broken off */
  broken(): number
  stop(): void
}

export async function startCut(host: string): Promise<Cut> {
  const [name = '', port] = host.split(':')
  let left = { times: 0, bytes: 0 }
  let broken = 0
  const server = createServer((client) => {
    const there = connect(Number(port), name)
    let sent = 0
    client.on('data', (chunk) => {
      sent += chunk.length
      if (left.times === 0 || sent < left.bytes) return void there.write(chunk)
      left = { ...left, times: left.times - 1 }
      broken += 1
      there.end(chunk.subarray(0, chunk.length - (sent - left.bytes)), () => client.destroy())
    })
    there.on('data', (chunk) => client.write(chunk))
    for (const [one, other] of [
      [client, there],
      [there, client],
    ] as const) {
      one.on('close', () => other.destroy())
      one.on('error', () => other.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    breakOff: (times, bytes) => {
      left = { times, bytes }
    },
    broken: () => broken,
    stop: () => server.close(),
  }
}
