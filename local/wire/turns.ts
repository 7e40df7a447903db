// Limits concurrent requests. The paths take turns to start their waiting requests, so many requests for one path hardly
// delay requests for another.

import type { Service } from './types.ts'

/** How long running work counts against the limit, in milliseconds. */
export interface HeadStart {
  /** if no other work ended in this time, e.g. because of a slow client or a long poll */
  readonly ms: number
  /** in any case */
  readonly mostMs: number
}

interface TurnsOptions {
  /** maximum concurrency */
  readonly atOnce: number
  readonly headStart: (kind: string) => HeadStart
}

export function createTurns({ atOnce, headStart }: TurnsOptions) {
  /** in the order of their turns; no list is empty */
  const waiting = new Map<string, (() => void)[]>()
  let running = 0
  let lastEnd = 0

  function next(): void {
    for (const [kind, starts] of waiting) {
      if (running >= atOnce) return
      waiting.delete(kind)
      const start = starts.shift()
      if (starts.length > 0) waiting.set(kind, starts)
      start?.()
    }
  }

  function run(kind: string): () => void {
    const { ms, mostMs } = headStart(kind)
    const began = performance.now()
    let timer: NodeJS.Timeout | undefined
    let over = false
    running += 1
    const giveBack = (): void => {
      if (over) return
      over = true
      clearTimeout(timer)
      running -= 1
      next()
    }
    // If other work has ended meanwhile, this work only waits behind it. One more would wait, too.
    const look = (): void => {
      if (over) return
      const now = performance.now()
      if (now - lastEnd >= ms || now - began >= mostMs) giveBack()
      else lookLater()
    }
    // Run after events that arrived while the process was blocked; they may include the end of other work.
    const lookLater = (): void => {
      timer = setTimeout(() => setImmediate(look), ms)
    }
    lookLater()
    return () => {
      lastEnd = performance.now()
      giveBack()
    }
  }

  return {
    /** Waits for a turn of `kind`, first come, first served. Call the result when the work has ended. */
    begin: (kind: string) =>
      new Promise<() => void>((resolve) => {
        const start = () => resolve(run(kind))
        if (running < atOnce) return start()
        const starts = waiting.get(kind)
        if (starts === undefined) waiting.set(kind, [start])
        else starts.push(start)
      }),
  }
}

/** A request starts when its path has a turn. The turn ends with the response or with the head start. */
export function inTurns(service: Service, options: TurnsOptions): Service {
  const turns = createTurns(options)
  return async (request, response) => {
    const ended = await turns.begin((request.url ?? '').split('?', 1)[0] ?? '')
    // The client has already disconnected.
    if (response.destroyed) return ended()
    response.once('close', ended)
    return service(request, response)
  }
}
