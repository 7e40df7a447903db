// Limits how many jobs run at the same time.

/** Runs at most `max` jobs at the same time, in the order of the calls. A job that fails also frees its place. */
export function limited(max: number): <T>(job: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let free = max
  // A free place goes to the job that has waited longest, even if a new call arrives first.
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
