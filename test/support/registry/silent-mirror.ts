// A mirror that accepts every request and never answers, so that its clients keep waiting.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SilentMirror {
  /** settings of a registry that has only this mirror */
  readonly settings: Readonly<Record<string, unknown>>
  end(): Promise<void>
}

export async function startSilentMirror(): Promise<SilentMirror> {
  const server = createServer(() => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}/debian`
  return {
    settings: {
      debian: { suites: [{ mirror, suite: 'bookworm' }] },
      driverPackages: { mirror, suites: ['bookworm'] },
    },
    end: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
