// A caller of the registry with its own IP address: all of 127.0.0.0/8 is this machine.

import { Agent, request } from 'node:http'

export interface Answered {
  /** 0: the caller hung up before the answer */
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  readonly signal?: AbortSignal
}

export interface Caller {
  ask(url: string, asked?: Asked): Promise<Answered>
  /** Sends so many requests at once without waiting; returns the answers so far, and a way to hang up. */
  hold(url: string, times: number, asked?: Asked): Held
  end(): void
}

export interface Held {
  readonly answered: Answered[]
  /** number of requests without an answer */
  open(): number
  /** resolves when each request has its answer or is hung up */
  readonly done: Promise<void>
  hangUp(): void
}

/** `address`: e.g. `127.0.0.2` */
export function callerFrom(address: string): Caller {
  const agent = new Agent({ keepAlive: true, maxSockets: 2000, localAddress: address })
  const ask = (url: string, { method = 'GET', headers = {}, body, signal }: Asked = {}) =>
    new Promise<Answered>((resolve, reject) => {
      const own = signal === undefined ? {} : { signal }
      const sent = request(url, { method, agent, headers, ...own }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        )
      })
      sent.on('error', reject)
      sent.end(body)
    })
  return {
    ask,
    hold(url, times, asked = {}) {
      const hangUp = new AbortController()
      const answered: Answered[] = []
      const all = Array.from({ length: times }, () =>
        ask(url, { ...asked, signal: hangUp.signal }).then(
          (answer) => void answered.push(answer),
          () => undefined,
        ),
      )
      return {
        answered,
        open: () => times - answered.length,
        done: Promise.all(all).then(() => undefined),
        hangUp: () => hangUp.abort(),
      }
    },
    end: () => agent.destroy(),
  }
}
