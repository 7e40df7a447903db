// Merges requests in one process that miss the same probe at the same time: one of them asks for the build.

/** Resolves to the refusal of `ask`; `undefined`: the build has been requested. */
export type Join<Refusal> = (
  key: string,
  ask: () => Promise<Refusal | undefined>,
) => Promise<Refusal | undefined>

/**
 * The other requests wait, like losers of a claim. If the first is refused, perhaps because its caller's budget is spent, each
 * of the others asks for itself.
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
