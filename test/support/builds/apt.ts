// Reads Debian's archive with apt, with package lists of the tests' own: they are as new as the tests, need no root, and do
// not depend on this machine's own lists.

import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Suite } from '../../../lib/archives/apt/suite.ts'
import { debianSuites } from '../mirrors.ts'

/** The cache of the archive that the runs of the tests share. */
export const CACHE = join(tmpdir(), 'probe-registry-packages')

const HOUR = 60 * 60_000
/** Age at which lists are downloaded again. */
const OLD = 6 * HOUR
/** Age at which no process reads them any more. */
const FORGOTTEN = 48 * HOUR

/** A package of the lists. */
export interface Listed {
  readonly name: string
  readonly version: string
  /** packages that must be installed when it is unpacked, and when it is used */
  readonly depends: string
  /** its file's path below the mirror */
  readonly file: string
}

export interface Apt {
  /**
   * The packages whose names match, each in the version that apt would install. If every mirror has removed a version of the
   * lists, the lists are downloaded again, and a line reports it.
   */
  matching(prefix: string, pattern: RegExp): readonly Listed[]
  /** The same for one package. */
  find(name: string): Listed | undefined
  /** Downloads into a folder, and checks the digest of the lists. */
  download(pkg: Listed, folder: string): void
}

/** Prints one line in the output of the tests. */
export const tell = (line: string): void => console.log(`archive: ${line}`)

let machine: Apt | undefined
/** Debian's archive with the suites that the tests need. */
export function archive(): Apt {
  machine ??= openApt(debianSuites())
  return machine
}

/** Debian's archive with these suites. */
export function openApt(suites: readonly Suite[]): Apt {
  let lists = currentLists(suites)
  const run = (command: 'apt-cache' | 'apt-get', args: readonly string[], cwd = '/'): string =>
    execFileSync(command, [...optionsOf(lists), ...args], {
      cwd,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const listed = (prefix: string, pattern: RegExp): readonly Listed[] => {
    const names = run('apt-cache', ['pkgnames', prefix])
      .split('\n')
      .filter((name) => pattern.test(name))
    if (names.length === 0) return []
    // apt also knows names that appear only as dependencies, and then fails.
    return run('apt-cache', ['show', '--no-all-versions', ...names])
      .split('\n\n')
      .flatMap(packageOf)
  }
  const present = (prefix: string, pattern: RegExp): readonly Listed[] => {
    const packages = listed(prefix, pattern)
    const gone = goneOf(suites, packages)
    if (gone.length === 0) return packages
    tell(`no mirror has ${gone.map(told).join(', ')} any more; reading the package lists again`)
    lists = readLists(suites) ?? lists
    const now = listed(prefix, pattern)
    const still = goneOf(suites, now)
    return now.filter((pkg) => !still.includes(pkg))
  }
  const asked = new Map<string, readonly Listed[]>()
  const matching = (prefix: string, pattern: RegExp): readonly Listed[] => {
    const question = `${prefix} ${pattern}`
    const answer = asked.get(question) ?? present(prefix, pattern)
    asked.set(question, answer)
    return answer
  }
  return {
    matching,
    find: (name) => matching(name, new RegExp(`^${name.replaceAll(/[.+]/g, '\\$&')}$`))[0],
    download: ({ name, version }, folder) => {
      run('apt-get', ['download', '-qq', `${name}=${version}`], folder)
    },
  }
}

const told = ({ name, version }: Listed): string => `${name} ${version}`

function packageOf(stanza: string): Listed[] {
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? ''
  const name = field('Package')
  const depends = ['Pre-Depends', 'Depends'].map(field).filter((relations) => relations !== '')
  return name === ''
    ? []
    : [{ name, version: field('Version'), depends: depends.join(', '), file: field('Filename') }]
}

/** The packages that no mirror has. A mirror that does not answer may have one. */
function goneOf(suites: readonly Suite[], packages: readonly Listed[]): readonly Listed[] {
  if (packages.length === 0) return []
  const mirrors = [...new Set(suites.map(({ mirror }) => mirror))]
  const urls = packages.flatMap(({ file }) =>
    mirrors.map((mirror) => `${mirror}/${file.replaceAll('+', '%2b')}`),
  )
  const head = ['-sIL', '--parallel', '--max-time', '30', '-w', '%{urlnum} %{http_code}\n']
  const { stdout } = spawnSync('curl', [...head, ...urls.flatMap((url) => ['-o', '/dev/null', url])], {
    encoding: 'utf8',
  })
  const refused = new Set(stdout.split('\n').flatMap((line) => /^(\d+) 404$/.exec(line)?.[1] ?? []))
  return packages.filter((_, i) => mirrors.every((_, j) => refused.has(String(i * mirrors.length + j))))
}

/** `undefined`: the lists of this machine, if there are no others. */
type Lists = string | undefined

const optionsOf = (lists: Lists): string[] =>
  Object.entries({
    'APT::Sandbox::User': 'root',
    ...(lists === undefined ? {} : ownLists(lists)),
  }).flatMap(([name, value]) => ['-o', `${name}=${value}`])

const ownLists = (lists: string): Readonly<Record<string, string>> => ({
  'Dir::Etc::sourcelist': join(lists, 'sources.list'),
  'Dir::Etc::sourceparts': '/dev/null',
  'Dir::State::lists': join(lists, 'lists'),
  'Dir::State::status': join(lists, 'status'),
  'Dir::Cache': lists,
  'Dir::Cache::pkgcache': 'pkgcache.bin',
  'Acquire::Languages': 'none',
  // The lists are still signed, and a mirror that lags is not the subject of these tests.
  'Acquire::Check-Valid-Until': 'false',
  'APT::Update::Error-Mode': 'any',
})

/** The newest lists, downloaded again when they are old. */
function currentLists(suites: readonly Suite[]): Lists {
  const newest = listFolders(idOf(sourcesOf(suites))).at(-1)
  return newest !== undefined && ageOf(newest) < OLD ? newest : (readLists(suites) ?? newest)
}

/** A folder of lists gets its name when it is complete, and never changes: another process may be reading it. */
function readLists(suites: readonly Suite[]): Lists {
  const sources = sourcesOf(suites)
  mkdirSync(CACHE, { recursive: true })
  const made = mkdtempSync(join(CACHE, 'reading-'))
  try {
    mkdirSync(join(made, 'lists/partial'), { recursive: true })
    writeFileSync(join(made, 'sources.list'), sources)
    writeFileSync(join(made, 'status'), '')
    execFileSync('apt-get', [...optionsOf(made), '-qq', 'update'], { stdio: ['ignore', 'ignore', 'pipe'] })
    const whole = join(CACHE, `lists-${idOf(sources)}-${Date.now()}`)
    renameSync(made, whole)
    for (const lists of listFolders())
      if (ageOf(lists) > FORGOTTEN) rmSync(lists, { recursive: true, force: true })
    return whole
  } catch (error) {
    rmSync(made, { recursive: true })
    const [why] = String((error as { stderr?: Buffer }).stderr ?? error).split('\n')
    tell(`the package lists could not be read; those that there are must do: ${why}`)
    return undefined
  }
}

const sourcesOf = (suites: readonly Suite[]): string =>
  suites
    .map(
      ({ mirror, suite }) =>
        `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg target=Packages] ${mirror} ${suite} main\n`,
    )
    .join('')

const idOf = (sources: string): string => createHash('sha256').update(sources).digest('hex').slice(0, 16)

/** Oldest first. */
const listFolders = (id = ''): string[] =>
  existsSync(CACHE)
    ? readdirSync(CACHE)
        .filter((name) => name.startsWith(`lists-${id}`))
        .sort((a, b) => ageOf(b) - ageOf(a))
        .map((name) => join(CACHE, name))
    : []

const ageOf = (lists: string): number => Date.now() - Number(lists.slice(lists.lastIndexOf('-') + 1))
