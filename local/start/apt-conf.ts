// What this host's own apt is told (apt.conf(5)), read without calling it.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const TOKEN = /"([^"]*)"|\/\*[\s\S]*?\*\/|(?:\/\/|#).*|[{};]|[^\s{};"]+/g
/** What apt takes for no. */
const NO = new Set(['no', 'false', 'without', 'off', 'disable', '0'])

/** By its whole name in small letters, e.g. `acquire::check-valid-until`; none on a host without apt. `etc`: /etc/apt. */
export function aptConf(etc: string): ReadonlyMap<string, string> {
  const parts = join(etc, 'apt.conf.d')
  const names = read(() => readdirSync(parts).sort(), []).filter((name) => /^[\w-]+(\.conf)?$/.test(name))
  const files = [...names.map((name) => join(parts, name)), join(etc, 'apt.conf')]
  return new Map(files.flatMap((file) => optionsOf(read(() => readFileSync(file, 'utf8'), ''))))
}

/** Whether an option is there, and says no. */
export const saysNo = (options: ReadonlyMap<string, string>, name: string): boolean =>
  NO.has(options.get(name.toLowerCase())?.toLowerCase() ?? '')

/** `A::B "value";`, or `A { B "value"; };`, in the order in which they stand: of two the later counts. */
function optionsOf(text: string): [string, string][] {
  const options: [string, string][] = []
  const scopes: string[] = []
  let words: string[] = []
  for (const [token, quoted] of text.matchAll(TOKEN)) {
    if (/^(?:\/\/|\/\*|#)/.test(token)) continue
    switch (token) {
      case '{':
        scopes.push(words.join(' '))
        words = []
        break
      case '}':
      case ';': {
        const [name, ...value] = words
        if (name !== undefined) options.push([[...scopes, name].join('::').toLowerCase(), value.join(' ')])
        if (token === '}') scopes.pop()
        words = []
        break
      }
      default:
        words.push(quoted ?? token)
    }
  }
  return options
}

/** What is not there, or not for this user to read, is nothing. */
function read<T>(what: () => T, otherwise: T): T {
  try {
    return what()
  } catch {
    return otherwise
  }
}
