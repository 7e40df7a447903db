// Simulates the requests that hosts send all day, one after another, and records every answer.

import { setTimeout as sleep } from 'node:timers/promises'

export interface Answered {
  readonly path: string
  /** 0: no answer */
  readonly status: number
  /** the body of a 5xx answer */
  readonly body?: string
  /** the Retry-After header, in seconds, if the answer has one */
  readonly retryAfter?: string | undefined
  /** milliseconds since the epoch, by this process's clock */
  readonly began: number
  readonly ended: number
}

export interface Traffic {
  /** the answers so far */
  readonly all: readonly Answered[]
  end(): Promise<void>
}

/** Starts one client per list; each repeats its own list. `url`: the URL of the registry. */
export function traffic(url: string, lists: readonly (readonly string[])[], pauseMs: number): Traffic {
  const all: Answered[] = []
  let goesOn = true
  const asker = async (paths: readonly string[]) => {
    for (let i = 0; goesOn; i += 1) {
      all.push(await askOnce(url, paths[i % paths.length] ?? '/'))
      await sleep(pauseMs)
    }
  }
  const done = Promise.all(lists.map(asker))
  return {
    all,
    end: async () => {
      goesOn = false
      await done
    },
  }
}

async function askOnce(url: string, path: string): Promise<Answered> {
  const began = Date.now()
  try {
    const answer = await fetch(url + path, { signal: AbortSignal.timeout(60_000) })
    const body = Buffer.from(await answer.arrayBuffer())
    const what = { path, status: answer.status, began, ended: Date.now() }
    if (answer.status < 500) return what
    return { ...what, body: body.toString(), retryAfter: answer.headers.get('retry-after') ?? undefined }
  } catch {
    return { path, status: 0, began, ended: Date.now() }
  }
}
