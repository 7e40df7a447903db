// Finds the Debian archives that this host's apt uses, from its sources lists (sources.list(5), both formats).

import { join } from 'node:path'
import { aptConf, namesIn, saysNo, textOf } from './apt-conf.ts'

export interface Suite {
  /** base URL, without a trailing slash */
  readonly mirror: string
  readonly suite: string
  /** `false`: apt on this host accepts lists after their Valid-Until, see apt.conf(5) */
  readonly checkValidUntil?: boolean
}

const ETC = '/etc/apt'

type Entry = Readonly<Record<'uris' | 'suites' | 'components', readonly string[]>>

/** A code name or a class, with an optional suffix of the archive. Third parties use the same names, see `ofDebian`. */
const SUITE =
  /^(buster|bullseye|bookworm|trixie|forky|duke|sid|oldoldstable|oldstable|stable|testing|unstable)(-security|-updates|-backports)?$/

/** Every suite once, in the order of the lists; empty on a host without apt. `etc`: the folder `/etc/apt`. */
export function aptSuites(etc = ETC): Suite[] {
  const parts = join(etc, 'sources.list.d')
  const files = [join(etc, 'sources.list'), ...namesIn(parts).map((name) => join(parts, name))]
  const entries = files.flatMap((file) => {
    if (file.endsWith('.list')) return oneLineEntries(textOf(file))
    return file.endsWith('.sources') ? stanzas(textOf(file)) : []
  })
  const suites = entries.flatMap(suitesOf).map((suite) => [`${suite.mirror} ${suite.suite}`, suite] as const)
  const options = aptOptions(etc)
  return [...new Map(suites).values()].map((suite) => ({ ...suite, ...options }))
}

function suitesOf({ uris, suites, components }: Entry): Suite[] {
  if (!components.includes('main')) return []
  const mirrors = uris.flatMap(expand).map((uri) => uri.replace(/\/+$/, ''))
  const known = suites.filter((suite) => SUITE.test(suite))
  return mirrors.filter(ofDebian).flatMap((mirror) => known.map((suite) => ({ mirror, suite })))
}

/** The options of this host's apt.conf for lists; empty if there is no apt or no option. */
export function aptOptions(etc = ETC): Pick<Suite, 'checkValidUntil'> {
  return saysNo(aptConf(etc), 'Acquire::Check-Valid-Until') ? { checkValidUntil: false } : {}
}

/** Debian's archive and its mirrors end like this. URLs with a password are excluded, because logs would show them. */
const ofDebian = (mirror: string): boolean =>
  /^https?:\/\/[^@\s]+\/(debian|debian-security|debian-archive)$/.test(mirror)

/** Debian's cloud images use a file with a list of mirrors. */
function expand(uri: string): string[] {
  if (!uri.startsWith('mirror+file:')) return [uri]
  const lines = textOf(uri.replace(/^mirror\+file:(\/\/)?/, '')).split('\n')
  const words = lines.map((line) => line.trim().split(/\s+/, 1)[0]!)
  return words.filter((word) => word !== '' && !word.startsWith('#'))
}

/** Format: `deb [options] uri suite component...` */
function oneLineEntries(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    const [, rest] = /^\s*deb\s+(?:\[[^\]]*\]\s+)?([^#]+)/.exec(line) ?? []
    const [uri, suite, ...components] = rest?.trim().split(/\s+/) ?? []
    return uri === undefined || suite === undefined ? [] : [{ uris: [uri], suites: [suite], components }]
  })
}

/** deb822: stanzas of fields. A line that starts with a space continues a value. */
function stanzas(text: string): Entry[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'))
  const all = lines.join('\n').split(/\n\s*\n/)
  return all.flatMap((stanza) => {
    const parts = stanza.replace(/\n[ \t]+/g, ' ').split('\n')
    const matches = parts.map((line) => /^([A-Za-z-]+):\s*(.*)$/.exec(line)).filter((match) => match !== null)
    const fields = new Map(matches.map(([, name, value]) => [name!.toLowerCase(), value!.split(/\s+/)]))
    const field = (name: string): string[] => fields.get(name)?.filter(Boolean) ?? []
    const off = field('enabled')[0] === 'no' || !field('types').includes('deb')
    return off ? [] : [{ uris: field('uris'), suites: field('suites'), components: field('components') }]
  })
}
