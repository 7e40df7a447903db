// Counts the open long polls (/wait) of each probe.

export interface Waiting {
  /** `path`: of the request. Call the result when the request ends. */
  begin(path: string): () => void
  /** `key`: of a probe, e.g. `driver/0.20.0/x86_64/x.ko` */
  count(key: string): number
  /** count for all probes */
  total(): number
}

const PREFIX = '/wait/'

export const isWait = (path: string): boolean => path.startsWith(PREFIX)

export function createWaiting(): Waiting {
  const open = new Map<string, number>()
  const add = (key: string, more: number): void => {
    const left = (open.get(key) ?? 0) + more
    if (left === 0) open.delete(key)
    else open.set(key, left)
  }
  return {
    begin: (path) => {
      if (!isWait(path)) return () => {}
      const key = path.slice(PREFIX.length).replaceAll(/%2b/gi, '+')
      add(key, 1)
      return () => add(key, -1)
    },
    count: (key) => open.get(key) ?? 0,
    total: () => [...open.values()].reduce((sum, count) => sum + count, 0),
  }
}
