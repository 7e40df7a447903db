// Many concurrent clients that act like loaders: each follows redirects, waits as the answer asks, and stops after a minute.

import { createHash } from 'node:crypto'
import { Agent, get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** The result of one client. */
export interface Told {
  /** of each answer in order, e.g. `307 307 200`; `error`: no answer */
  readonly statuses: readonly (number | string)[]
  /** from its first request to its last byte */
  readonly milliseconds: number
  /** of its final body; absent: the client stopped without one */
  readonly sha256?: string
  /** number of answers that ask to retry, but name no time */
  readonly unsaid?: number
}

export interface Client {
  /** the address that a proxy on this machine forwards */
  readonly address: string
  readonly url: string
  /** milliseconds for which it retries */
  readonly patience?: number
}

/** Settings of a registry that receives such a crowd. */
export const BEHIND_PROXY = { trustedProxies: ['127.0.0.1'] }

/** Each address is in its own network. */
export const addressOf = (i: number): string => `10.${(i >> 8) & 255}.${i & 255}.1`

const MINUTE = 60_000

/** The connection stays open, as with a real client; the next request uses the same one. */
export async function client({ address, url, patience = MINUTE }: Client): Promise<Told> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const began = performance.now()
  const took = () => performance.now() - began
  const statuses: (number | string)[] = []
  let at = url
  let unsaid = 0
  try {
    for (;;) {
      const answer = await ask(at, address, agent)
      statuses.push(answer.status)
      if (answer.status === 200) return { statuses, milliseconds: took(), sha256: answer.sha256, unsaid }
      const later = waitOf(answer)
      if (answer.status !== 307 && later === undefined) unsaid += 1
      if (answer.status !== 307 && took() + (later ?? 0) > patience)
        return { statuses, milliseconds: took(), unsaid }
      at = answer.status === 307 ? new URL(answer.location, at).href : url
      if (answer.status !== 307) await sleep(later ?? 1000)
    }
  } finally {
    agent.destroy()
  }
}

interface Answered {
  readonly status: number | string
  readonly location: string
  readonly retryAfter: string | undefined
  readonly sha256: string
}

const waitOf = ({ retryAfter }: Answered): number | undefined =>
  retryAfter === undefined ? undefined : Number(retryAfter) * 1000

function ask(url: string, address: string, agent: Agent): Promise<Answered> {
  return new Promise((resolve) => {
    const failed = ({ message }: Error) =>
      resolve({ status: `error ${message}`, location: '', retryAfter: undefined, sha256: '' })
    const headers = { 'x-forwarded-for': address }
    get(url, { agent, headers }, (response) => void read(response).then(resolve, failed)).on('error', failed)
  })
}

async function read(response: IncomingMessage): Promise<Answered> {
  const hash = createHash('sha256')
  for await (const chunk of response) hash.update(chunk as Uint8Array)
  const { statusCode = 0, headers } = response
  return {
    status: statusCode,
    location: headers.location ?? '',
    retryAfter: headers['retry-after'],
    sha256: hash.digest('hex'),
  }
}

/** `many` clients request one probe at the same moment. */
export const crowd = (url: string, many: number, patience?: number): Promise<Told[]> =>
  Promise.all(
    Array.from({ length: many }, (_, i) =>
      client({ address: addressOf(i), url, ...(patience === undefined ? {} : { patience }) }),
    ),
  )

/** Counts the answers by status: `{ '307': 2000, '200': 1000 }`. */
export function counted(all: readonly Told[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const status of all.flatMap(({ statuses }) => statuses)) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
