// Turns: of all requests that wait to begin, each path begins one when its turn comes. A crowd that wants one thing keeps
// itself waiting, and hardly whoever wants another.

import type { Service } from './types.ts'

interface Turns {
  /** Resolves when one more of `kind` may begin, the first one first; to what tells that it has ended. */
  begin(kind: string): Promise<() => void>
}

/** How long one that has not ended keeps others waiting, in milliseconds. */
export interface HeadStart {
  /** where no other has ended for as long: a slow client, one who waits */
  readonly ms: number
  /** in any case */
  readonly mostMs: number
}

interface TurnsOptions {
  /** that run at one time */
  readonly atOnce: number
  readonly headStart: (kind: string) => HeadStart
}

type Start = () => void

export function createTurns({ atOnce, headStart }: TurnsOptions): Turns {
  /** in the order of their turns; none is empty */
  const waiting = new Map<string, Start[]>()
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
    // Where others end, it stands behind them itself: more beside it would only stand there, too.
    const look = (): void => {
      if (over) return
      const now = performance.now()
      if (now - lastEnd >= ms || now - began >= mostMs) giveBack()
      else lookLater()
    }
    // After what has come in while this process itself was held up, which may be the end of another.
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
    begin: (kind) =>
      new Promise((resolve) => {
        const start = () => resolve(run(kind))
        if (running < atOnce) return start()
        const starts = waiting.get(kind)
        if (starts === undefined) waiting.set(kind, [start])
        else starts.push(start)
      }),
  }
}

/** A request begins when it is its path's turn, and its turn ends with its answer or with its head start. */
export function inTurns(service: Service, options: TurnsOptions): Service {
  const turns = createTurns(options)
  return async (request, response) => {
    const ended = await turns.begin((request.url ?? '').split('?', 1)[0] ?? '')
    // Whoever is gone by now is answered nothing.
    if (response.destroyed) return ended()
    response.once('close', ended)
    return service(request, response)
  }
}
