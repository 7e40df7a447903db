// Limits how many jobs run at one time.

/** Runs at most `max` jobs at one time, in the order of the calls. A failing job frees its place as well. */
export function limited(max: number): <T>(job: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let free = max
  // A freed place goes to the first that waits, and not to a newcomer.
  const give = (): void => {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
  return async (job) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await job()
    } finally {
      give()
    }
  }
}
