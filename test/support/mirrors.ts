// Debian's suites as this machine's own apt has them: no mirror is written down here.

import { readdirSync, readFileSync } from 'node:fs'
import type { Suite } from '../../lib/archives/apt/suite.ts'
import { DRIVER_ARCHIVE, type DriverArchive } from '../../lib/archives/drivers.ts'
import { aptOptions } from '../../local/start/apt-sources.ts'

const FOLDER = '/etc/apt/sources.list.d'
const SUITE = /^[a-z]+(-security|-updates)?$/

/** Only Debian's own: the ones that have a suite of its release names. */
export function debianSuites(): Suite[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.sources'))
  const stanzas = files.flatMap((name) => readFileSync(`${FOLDER}/${name}`, 'utf8').split(/\n\s*\n/))
  const modern = stanzas.flatMap((stanza) =>
    words(stanza, 'URIs').flatMap((mirror) => words(stanza, 'Suites').map((suite) => ({ mirror, suite }))),
  )
  return [...modern, ...oneLiners()]
    .filter(({ mirror, suite }) => mirror.startsWith('http') && SUITE.test(suite) && /debian/.test(mirror))
    .map(({ mirror, suite }) => ({ mirror: mirror.replace(/\/$/, ''), suite }))
}

const words = (stanza: string, field: string): string[] =>
  new RegExp(`^${field}: (.*)$`, 'm').exec(stanza)?.[1]?.trim().split(/\s+/) ?? []

function oneLiners(): Suite[] {
  try {
    const lines = readFileSync('/etc/apt/sources.list', 'utf8').matchAll(/^deb (?:\[[^\]]*\] )?(\S+) (\S+)/gm)
    return [...lines].map(([, mirror = '', suite = '']) => ({ mirror, suite }))
  } catch {
    return []
  }
}

/** Where the driver packages of this machine's registry come from: the same mirror, and what apt here believes of it. */
export function driverArchive(): DriverArchive {
  const mirror = debianSuites().find(({ mirror: url }) => url.endsWith('/debian'))?.mirror
  if (mirror === undefined) throw new Error("this machine's apt has no mirror of Debian")
  return { ...DRIVER_ARCHIVE, mirror, ...aptOptions() }
}
