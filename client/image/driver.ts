// Finds the driver that the image's loader requests: a version, a commit, or the driver in a source folder.

import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readDirectory } from '../../lib/aws/directory.ts'
import { sha256 } from '../../lib/model/digest.ts'
import { isCommit } from '../../lib/model/driver-numbers.ts'
import { didYouMean, driverFor } from '../../lib/model/drivers.ts'
import { ProbeError } from '../../lib/model/errors.ts'
import { DRIVER_NAMES, type DriverName, KINDS, type RECIPES } from '../../lib/model/probe.ts'
import type { DriverVersions, Settings } from '../../lib/model/settings.ts'
import { UsageError } from '../command-line.ts'

export interface ImageDriver {
  readonly version: string
  readonly name: DriverName
  /** sha256 of the sources in the folder, in the same form as in a probe's `.json` */
  readonly source?: string
  /**
   * readable instruction for a registry that must be configured to build this driver; absent if every
   * registry builds it
   */
  readonly hint?: string
}

export interface Wanted {
  readonly version: string | undefined
  readonly folder: string | undefined
  readonly name: DriverName | undefined
}

type Catalogued = Pick<Settings, 'drivers' | 'driverCommits'>

/** @throws {UsageError} @throws {ProbeError} `unknown-driver-version` or `driver-source-not-found` */
export async function driverOf(settings: Catalogued, wanted: Wanted): Promise<ImageDriver> {
  const { version, folder, name } = wanted
  if (folder !== undefined) return ofFolder(resolve(folder), wanted)
  if (version === undefined) throw new UsageError('name a driver by --driver-version or --driver-source')
  if (isCommit(version)) return { version, name: name ?? 'falco', hint: hintOfCommit(version) }
  const { names, source } = entryFor(settings, version)
  if (name !== undefined && !names.includes(name))
    throw new UsageError(`driver version ${version} is built as ${names.join(' or ')}, not as ${name}`)
  const hint =
    source.from === 'package'
      ? { hint: `a registry builds it where its archive has ${source.package} in the version ${version}` }
      : {}
  return { version, name: name ?? names[0] ?? 'falco', ...hint }
}

/** A shortened commit id, as git prints it by default. */
const SHORT_COMMIT = /^(?=.*\d)(?=.*[a-f])[0-9a-f]{7,39}$/

function entryFor(settings: Catalogued, version: string): DriverVersions {
  if (SHORT_COMMIT.test(version))
    throw new UsageError(
      `${version} is not a driver version; a commit is written with all of its 40 digits: \`git rev-parse ${version}\` in a clone of falcosecurity/libs prints them`,
    )
  const entry = driverFor(settings, version)
  // A package catalogue accepts any version, so also an upstream version without its ending.
  const meant = entry.source.from === 'package' ? didYouMean(settings, version) : ''
  if (meant === '') return entry
  throw new ProbeError('unknown-driver-version', `no package has the driver version ${version}.${meant}`)
}

const hintOfCommit = (commit: string): string =>
  `a registry builds it once its settings take commits, or list ${commit} (docs/operations.md, "Driver versions by commit")`

async function ofFolder(folder: string, { version, name = 'falco' }: Wanted): Promise<ImageDriver> {
  const layout = layoutOf(folder)
  if (version !== undefined && !/^[A-Za-z0-9][A-Za-z0-9.+~_-]{0,99}$/.test(version))
    throw new UsageError(`--driver-version ${JSON.stringify(version)} holds more than A-Z a-z 0-9 . + ~ _ -`)
  const source = sha256(await readDirectory(folder))
  if (version === undefined || isCommit(version)) {
    const commit = commitOf(folder)
    if (version !== undefined && version !== commit)
      throw new UsageError(`${folder} is a checkout of ${commit}, not of ${version}`)
    return { version: commit, name, source, hint: hintOfCommit(commit) }
  }
  return { version, name, source, hint: hintOfFolder(version, name, layout, folder) }
}

interface SourceLayout {
  readonly recipe: (typeof RECIPES)[number]
  readonly kinds: readonly string[]
}

/**
 * Finds the layout by the same rules as the registry's recipes: lib/plan/driver-source.ts.
 * @throws {ProbeError} `driver-source-not-found`
 */
function layoutOf(folder: string): SourceLayout {
  const has = (path: string): boolean => existsSync(join(folder, path))
  const kinds = (bpf: string) => KINDS.filter((kind) => kind === 'kmod' || has(bpf))
  if (has('driver/Makefile.in') && has('driver/main.c')) return { recipe: 'libs', kinds: kinds('driver/bpf') }
  if (has('Makefile') && readdirSync(folder).some((one) => one.endsWith('.c')))
    return { recipe: 'makefile', kinds: kinds('bpf') }
  throw new ProbeError(
    'driver-source-not-found',
    `${folder} holds no driver sources: neither driver/Makefile.in and driver/main.c, as a checkout of falcosecurity/libs has them, nor a Makefile with .c files beside it. Name the folder that driver/ is in`,
  )
}

/** Commit of a checkout whose driver files are unchanged. @throws {UsageError} with a fix */
function commitOf(folder: string): string {
  const [top = '', commit = ''] = git(folder, 'rev-parse', '--show-toplevel', 'HEAD').split('\n')
  if (realpathSync(top) !== realpathSync(folder))
    throw new UsageError(`${folder} is not a checkout of its own, but a part of ${top}: ${NAME_ONE}`)
  const changed = git(folder, 'status', '--porcelain', '--', 'driver')
  if (changed === '') return commit
  throw new UsageError(
    `the driver in ${folder} differs from its commit ${commit} (${changed.split('\n')[0]?.trim()}): commit it, or ${NAME_ONE}`,
  )
}

const NAME_ONE = 'name its version by --driver-version'

function git(folder: string, ...args: string[]): string {
  try {
    return execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch (error) {
    const { stderr, message } = error as Error & { readonly stderr?: string }
    const [why = message] = (stderr ?? '').split('\n').filter((line) => line !== '')
    throw new UsageError(`git cannot tell which commit ${folder} is (${why}): ${NAME_ONE}`)
  }
}

const hintOfFolder = (version: string, name: DriverName, { recipe, kinds }: SourceLayout, path: string) => {
  const match = version.replaceAll(/[.+]/g, '\\$&')
  const entry = { match, about: version, names: [name], kinds, recipe, source: { from: 'directory', path } }
  return `a registry on this machine builds it with these settings in SETTINGS_FILE:\n${JSON.stringify({ drivers: [entry] })}`
}

/** @throws {UsageError} */
export function driverName(given: string | undefined): DriverName | undefined {
  const found = DRIVER_NAMES.find((one) => one === given)
  if (given === undefined || found !== undefined) return found
  throw new UsageError(`--driver-name is ${DRIVER_NAMES.join(' or ')}, not ${JSON.stringify(given)}`)
}
