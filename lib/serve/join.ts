// Many who miss one probe at the same time, in one process: one of them asks for it, and the others wait for what comes of that.

/** Resolves to what `ask` resolves to; `undefined`: the probe is asked for. */
export type Join<Refusal> = (
  key: string,
  ask: () => Promise<Refusal | undefined>,
) => Promise<Refusal | undefined>

/**
 * Whoever comes while it is being asked for has nothing to do, as whoever loses a claim. Where the one who asks is refused,
 * by a budget of its own perhaps, each of the others asks for itself.
 */
export function createJoin<Refusal>(): Join<Refusal> {
  const asking = new Map<string, Promise<boolean>>()
  return async (key, ask) => {
    const before = asking.get(key)
    if (before !== undefined && (await before)) return undefined
    const own = ask()
    if (asking.has(key)) return own
    const isAsked = own.then(
      (refusal) => refusal === undefined,
      () => false,
    )
    asking.set(key, isAsked)
    try {
      return await own
    } finally {
      asking.delete(key)
    }
  }
}
