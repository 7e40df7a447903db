// A stand-in for a CloudFront distribution: another server, which forwards requests to the stack with CloudFront's headers.

import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { EDGE_HEADER, VIEWER_HEADER } from '../../../lib/aws/resources.ts'

export interface StandIn {
  readonly url: string
  stop(): Promise<void>
}

/** Its own headers replace those of the client, and the host header names the stack. */
export async function startEdge(stack: string, secret: string, viewer: string): Promise<StandIn> {
  const server = createServer((asked, answer) => {
    const { host: _, ...kept } = asked.headers
    const headers = { ...kept, [EDGE_HEADER]: secret, [VIEWER_HEADER]: viewer }
    const { url: path = '/', method = 'GET' } = asked
    const onward = request(new URL(path, stack), { method, headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers)
      answered.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    asked.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
