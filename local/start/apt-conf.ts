// Reads the configuration of this host's apt (apt.conf(5)) without running apt.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const TOKEN = /"([^"]*)"|\/\*[\s\S]*?\*\/|(?:\/\/|#).*|[{};]|[^\s{};"]+/g
/** Values that apt reads as false. */
const NO = new Set(['no', 'false', 'without', 'off', 'disable', '0'])

/** By full name in lower case, e.g. `acquire::check-valid-until`; empty on a host without apt. `etc`: /etc/apt. */
export function aptConf(etc: string): ReadonlyMap<string, string> {
  const parts = join(etc, 'apt.conf.d')
  const names = namesIn(parts).filter((name) => /^[\w-]+(\.conf)?$/.test(name))
  const files = [...names.map((name) => join(parts, name)), join(etc, 'apt.conf')]
  return new Map(files.flatMap((file) => optionsOf(textOf(file))))
}

/** Whether the option is set to false. */
export const saysNo = (options: ReadonlyMap<string, string>, name: string): boolean =>
  NO.has(options.get(name.toLowerCase())?.toLowerCase() ?? '')

/** Parses `A::B "value";` and `A { B "value"; };` in their order in the file: the last value of an option counts. */
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

/** Empty if the file is missing or not readable for this user. */
export const textOf = (file: string): string => readable(() => readFileSync(file, 'utf8'), '')

/** Sorted; empty if the folder is missing or not readable for this user. */
export const namesIn = (dir: string): string[] => readable(() => readdirSync(dir).sort(), [])

function readable<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch {
    return otherwise
  }
}
