// Finds the route of a request in an HTTP API: the most specific one wins, as in API Gateway.

export interface Route<T> {
  readonly routeKey: string
  readonly method: string
  readonly path: string
  readonly to: T
  /** matches the paths of this route; its groups are the values of the parameters `names` */
  readonly pattern: RegExp
  readonly names: readonly string[]
  /** higher wins */
  readonly rank: number
}

export interface Found<T> {
  readonly route: Route<T>
  readonly parameters: Readonly<Record<string, string>> | undefined
}

/** `routeKey`: `$default`, or a method (or `ANY`) and a path. The path may contain `{name}`, and `{name+}` at its end. */
export function parseRoute<T>(routeKey: string, to: T): Route<T> {
  if (routeKey === '$default')
    return { routeKey, method: 'ANY', path: routeKey, to, pattern: /^/, names: [], rank: 0 }
  const [, method, path] = /^([A-Z]+) (\/\S*)$/.exec(routeKey) ?? []
  if (method === undefined || path === undefined) throw new Error(`route ${routeKey} is not known here`)
  const fixed = path.split('/').filter((part) => !part.startsWith('{')).length
  const rank = (path.endsWith('+}') ? 1000 : 10_000) + fixed * 10 + (method === 'ANY' ? 0 : 1)
  return { routeKey, method, path, to, ...patternOf(path), rank }
}

/** Finds the route of a method and a decoded path. */
export function createRouter<T>(routes: readonly Route<T>[]) {
  const ranked = routes.toSorted((a, b) => b.rank - a.rank)
  return (method: string, path: string): Found<T> | undefined => {
    for (const route of ranked) {
      if (route.method !== 'ANY' && route.method !== method) continue
      const match = route.pattern.exec(path)
      if (match === null) continue
      const entries = route.names.map((name, index) => [name, match[index + 1]!])
      return { route, parameters: entries.length === 0 ? undefined : Object.fromEntries(entries) }
    }
    return undefined
  }
}

function patternOf(path: string): Pick<Route<unknown>, 'pattern' | 'names'> {
  const names: string[] = []
  const parts = path.split('/').map((part) => {
    const [, name, greedy] = /^\{([A-Za-z0-9._-]+)(\+?)\}$/.exec(part) ?? []
    if (name === undefined) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    names.push(name)
    return greedy === '+' ? '(.+)' : '([^/]+)'
  })
  return { pattern: new RegExp(`^${parts.join('/')}$`), names }
}
