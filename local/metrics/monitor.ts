// Serves /healthz and /metrics to monitoring systems, at a separate address.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Service } from '../wire/types.ts'
import { CONTENT_TYPE } from './text.ts'

interface MonitorOptions {
  /** `undefined`: all is well; otherwise the reason in one line */
  readonly fault: () => Promise<string | undefined>
  /** `undefined`: the registry has not started yet */
  readonly metrics: () => string | undefined
}

interface Page {
  readonly status: 200 | 404 | 405 | 503
  readonly type: string
  readonly text: string
}

/** by path */
type Pages = Readonly<Record<string, () => Page | Promise<Page>>>

const plain = (status: Page['status'], text: string): Page => ({
  ...{ status, text: `${text}\n` },
  type: 'text/plain; charset=utf-8',
})

export function createMonitor({ fault, metrics }: MonitorOptions): Service {
  let looking: Promise<string | undefined> | undefined
  /** Concurrent requests share one check. */
  const look = (): Promise<string | undefined> => {
    looking ??= fault().finally(() => {
      looking = undefined
    })
    return looking
  }
  const pages: Pages = {
    '/healthz': async () => {
      const why = await look()
      return why === undefined ? plain(200, 'ok') : plain(503, why)
    },
    '/metrics': () => {
      const text = metrics()
      return text === undefined
        ? plain(503, 'the registry is starting')
        : { status: 200, type: CONTENT_TYPE, text }
    },
  }
  return async (request, response) => send(request, response, await pageOf(pages, request))
}

function pageOf(pages: Pages, request: IncomingMessage) {
  const [path = ''] = (request.url ?? '').split('?')
  if (!Object.hasOwn(pages, path)) return plain(404, 'here are /healthz and /metrics')
  if (!['GET', 'HEAD'].includes(request.method ?? '')) return plain(405, 'ask with GET')
  return pages[path]!()
}

function send({ method }: IncomingMessage, response: ServerResponse, { status, type, text }: Page): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
  })
  response.end(method === 'HEAD' ? undefined : text)
}
