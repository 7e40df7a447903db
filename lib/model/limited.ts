// So many of the same work at one time; the others wait for their turn.

/** Runs at most `max` at one time, the others in the order in which they came. A job that fails leaves its place to the next. */
export function limited(max: number): <T>(job: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let free = max
  // Whoever waits gets the place that is given up: nobody who comes now takes it before.
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
