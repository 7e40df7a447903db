// Finds the route of a request in an HTTP API: the most specific one wins, as in API Gateway.

export interface Route<T> {
  readonly routeKey: string
  readonly method: string
  readonly path: string
  readonly to: T
}

export interface Found<T> {
  readonly route: Route<T>
  readonly parameters: Readonly<Record<string, string>> | undefined
}

interface Compiled<T> {
  readonly route: Route<T>
  readonly pattern: RegExp
  readonly names: readonly string[]
  /** higher wins */
  readonly rank: number
}

/** `key`: `$default`, or a method (or `ANY`) and a path. The path may contain `{name}`, and `{name+}` at its end. */
export function parseRouteKey<T>(key: string, to: T): Route<T> {
  if (key === '$default') return { routeKey: key, method: 'ANY', path: '$default', to }
  const [, method, path] = /^([A-Z]+) (\/\S*)$/.exec(key) ?? []
  if (method === undefined || path === undefined) throw new Error(`route ${key} is not known here`)
  return { routeKey: key, method, path, to }
}

/** Finds the route of a method and a decoded path. */
export function createRouter<T>(routes: readonly Route<T>[]) {
  const compiled = routes.map(compile).sort((a, b) => b.rank - a.rank)
  return (method: string, path: string): Found<T> | undefined => {
    for (const { route, pattern, names } of compiled) {
      if (route.method !== 'ANY' && route.method !== method) continue
      const match = pattern.exec(path)
      if (match === null) continue
      const entries = names.map((name, index) => [name, match[index + 1]!])
      return { route, parameters: names.length === 0 ? undefined : Object.fromEntries(entries) }
    }
    return undefined
  }
}

function compile<T>(route: Route<T>): Compiled<T> {
  if (route.path === '$default') return { route, pattern: /^/, names: [], rank: 0 }
  const names: string[] = []
  const source = route.path
    .split('/')
    .map((part) => {
      const [, name, greedy] = /^\{([A-Za-z0-9._-]+)(\+?)\}$/.exec(part) ?? []
      if (name === undefined) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      names.push(name)
      return greedy === '+' ? '(.+)' : '([^/]+)'
    })
    .join('/')
  const fixed = route.path.split('/').filter((part) => !part.startsWith('{')).length
  const greedy = route.path.endsWith('+}')
  const rank = (greedy ? 1000 : 10_000) + fixed * 10 + (route.method === 'ANY' ? 0 : 1)
  return { route, pattern: new RegExp(`^${source}$`), names, rank }
}
