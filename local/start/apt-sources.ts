// Finds the Debian archives that this host's apt uses, from its sources lists (sources.list(5), both formats).

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { aptConf, saysNo } from './apt-conf.ts'

export interface Suite extends AptOptions {
  /** base URL, without a trailing slash */
  readonly mirror: string
  readonly suite: string
}

interface AptOptions {
  /** `false`: apt on this host accepts lists after their Valid-Until, see apt.conf(5) */
  readonly checkValidUntil?: boolean
}

const ETC = '/etc/apt'

interface Entry {
  readonly uris: readonly string[]
  readonly suites: readonly string[]
  readonly components: readonly string[]
}

/** A code name or a class, with an optional suffix of the archive. Third parties use the same names, see `ofDebian`. */
const SUITE =
  /^(buster|bullseye|bookworm|trixie|forky|duke|sid|oldoldstable|oldstable|stable|testing|unstable)(-security|-updates|-backports)?$/

/** Every suite once, in the order of the lists; empty on a host without apt. `etc`: the folder `/etc/apt`. */
export function aptSuites(etc = ETC, options = aptOptions(etc)): Suite[] {
  const parts = join(etc, 'sources.list.d')
  const files = [join(etc, 'sources.list'), ...names(parts).map((name) => join(parts, name))]
  const entries = files.flatMap((file) => {
    if (file.endsWith('.list')) return oneLineEntries(read(file))
    return file.endsWith('.sources') ? stanzas(read(file)) : []
  })
  const suites = entries.flatMap(suitesOf).map((suite) => [`${suite.mirror} ${suite.suite}`, suite] as const)
  return [...new Map(suites).values()].map((suite) => ({ ...suite, ...options }))
}

function suitesOf({ uris, suites, components }: Entry): Suite[] {
  const mirrors = uris.flatMap(expand).map((uri) => uri.replace(/\/+$/, ''))
  return mirrors
    .filter((mirror) => ofDebian(mirror) && components.includes('main'))
    .flatMap((mirror) => suites.filter((suite) => SUITE.test(suite)).map((suite) => ({ mirror, suite })))
}

/** The options of this host's apt.conf for lists; empty if there is no apt or no option. */
export function aptOptions(etc = ETC): AptOptions {
  return saysNo(aptConf(etc), 'Acquire::Check-Valid-Until') ? { checkValidUntil: false } : {}
}

/** Debian's archive and its mirrors end like this. URLs with a password are excluded, because logs would show them. */
const ofDebian = (mirror: string): boolean =>
  /^https?:\/\/[^@\s]+\/(debian|debian-security|debian-archive)$/.test(mirror)

/** Debian's cloud images use a file with a list of mirrors. */
function expand(uri: string): string[] {
  if (!uri.startsWith('mirror+file:')) return [uri]
  const lines = read(uri.replace(/^mirror\+file:(\/\/)?/, '')).split('\n')
  return lines
    .map((line) => line.trim().split(/\s+/, 1)[0]!)
    .filter((word) => word !== '' && !word.startsWith('#'))
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
  return lines
    .join('\n')
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const fields = new Map(
        stanza
          .replace(/\n[ \t]+/g, ' ')
          .split('\n')
          .map((line) => /^([A-Za-z-]+):\s*(.*)$/.exec(line))
          .filter((match) => match !== null)
          .map(([, name, value]) => [name!.toLowerCase(), value!.split(/\s+/).filter(Boolean)]),
      )
      const field = (name: string): string[] => fields.get(name) ?? []
      const off = field('enabled')[0] === 'no' || !field('types').includes('deb')
      return off ? [] : [{ uris: field('uris'), suites: field('suites'), components: field('components') }]
    })
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function names(dir: string): string[] {
  try {
    return readdirSync(dir).sort()
  } catch {
    return []
  }
}
