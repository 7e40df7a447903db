// Caches this user's unpacked roots, shared by all of the user's registries and builds.

import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { diskFolder } from '../../lib/aws/folder.ts'
import { composeRoot } from '../../lib/build/roots/compose.ts'
import { digestOf } from '../../lib/build/roots/keep.ts'
import type { Root } from '../../lib/build/roots/roots.ts'
import { sha256 } from '../../lib/model/digest.ts'
import { ProbeError } from '../../lib/model/errors.ts'
import { parseOwnJson, type Read } from '../../lib/model/parse.ts'
import type { Fetch } from '../../lib/model/ports.ts'
import type { Package } from '../../lib/model/probe.ts'
import { rootPlaces } from '../../local/roots.ts'

const composedSchema = z.object({
  /** id of the root's package list */
  id: z.string(),
  /** sha256 of the tar archive that `packEntries` makes of the unpacked root */
  digest: z.string(),
  suite: z.string(),
})
export type Composed = Read<typeof composedSchema> & {
  /** folder of the unpacked root */
  readonly folder: string
}

/** Reports progress while a root is fetched and composed. */
export type Progress = (step: 'fetch' | 'unpack', done: number, all: number) => void

interface RootCache {
  /**
   * Returns the root, and composes it if it is missing.
   * @throws {ProbeError} as for `fetch` and `composeRoot`
   */
  root(root: Root, progress?: Progress): Promise<Composed>
}

/** Number of parallel fetches of packages. */
const FETCHES = 4

/**
 * `dir`: folder of this user. Fetched packages stay until their root is complete, so an interrupted start can
 * continue.
 */
export function openRootCache(dir: string, fetch: Fetch): RootCache {
  const packages = join(dir, 'packages')
  const fileOf = ({ sha256: digest }: Package): string => join(packages, digest)
  /**
   * Fetches the package again if another process, which completed a root with the same package first, has
   * removed it.
   */
  const read = async (pkg: Package): Promise<Uint8Array> => {
    await fetchPackage(fetch, pkg, fileOf(pkg))
    return readFile(fileOf(pkg))
  }
  return {
    root: async (root, progress = () => {}) => {
      const known = recorded(dir, root.id)
      if (known !== undefined) return known
      rootPlaces(dir)
      await mkdir(packages, { recursive: true })
      await fetchAll(root.packages, (pkg) => fetchPackage(fetch, pkg, fileOf(pkg)), progress)
      const composed = await compose(dir, root, read, progress)
      removePackages(packages, root)
      return composed
    },
  }
}

/** Removes the packages of the root, and partial files of interrupted fetches. */
function removePackages(folder: string, { packages }: Root): void {
  const digests = new Set(packages.map(({ sha256: digest }) => digest))
  for (const name of readdirSync(folder))
    if (digests.has(name.slice(0, 64))) rmSync(join(folder, name), { force: true })
}

function recorded(dir: string, id: string): Composed | undefined {
  const record = join(dir, 'roots', `${id}.json`)
  if (!existsSync(record)) return undefined
  const found = parseOwnJson(composedSchema, readFileSync(record, 'utf8'), record, `remove ${dir}`)
  const folder = join(dir, 'roots', found.digest)
  return existsSync(folder) ? { ...found, folder } : undefined
}

/**
 * A crash before the rename leaves a folder that nobody reads. A crash after it leaves a complete root
 * folder; the next call composes the root again.
 */
async function compose(
  dir: string,
  { id, suite, packages }: Root,
  read: (pkg: Package) => Promise<Uint8Array>,
  progress: Progress,
): Promise<Composed> {
  const all = bytesOf(packages)
  const temporary = join(dir, 'roots', `.${randomUUID()}`)
  mkdirSync(temporary, { recursive: true })
  chmodSync(temporary, 0o755)
  try {
    const told = (bytes: number): void => progress('unpack', bytes, all)
    const made = diskFolder(temporary)
    await composeRoot({ read, progress: told }, packages, made)
    const digest = digestOf(made)
    const folder = join(dir, 'roots', digest)
    if (!existsSync(folder)) renameSync(temporary, folder)
    const composed = { id, digest, suite }
    const record = join(dir, 'roots', `${id}.json`)
    writeFileSync(`${temporary}.json`, JSON.stringify(composed))
    renameSync(`${temporary}.json`, record)
    return { ...composed, folder }
  } catch (cause) {
    throw roomFor(dir, cause)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

function roomFor(dir: string, cause: unknown): unknown {
  if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') return cause
  return new ProbeError(
    'misconfigured',
    `there is no space left for a build root in ${dir}: free about a gigabyte there, or set XDG_CACHE_HOME to a folder with more room`,
    { cause },
  )
}

const bytesOf = (packages: readonly Package[]): number => packages.reduce((sum, { bytes }) => sum + bytes, 0)

async function fetchAll(
  packages: readonly Package[],
  one: (pkg: Package) => Promise<void>,
  progress: Progress,
): Promise<void> {
  const all = bytesOf(packages)
  const left = [...packages]
  let done = 0
  const worker = async (): Promise<void> => {
    for (let pkg = left.shift(); pkg !== undefined; pkg = left.shift()) {
      await one(pkg)
      done += pkg.bytes
      progress('fetch', done, all)
    }
  }
  await Promise.all(Array.from({ length: FETCHES }, worker))
}

async function fetchPackage(fetch: Fetch, pkg: Package, file: string): Promise<void> {
  if ((await stat(file).catch(() => undefined))?.size === pkg.bytes) return
  const body = await fetch(pkg.url, { maxBytes: pkg.bytes })
  if (sha256(body) !== pkg.sha256)
    throw new ProbeError(
      'digest-mismatch',
      `${pkg.url} does not have the sha256 ${pkg.sha256} of the signed list: it is not used`,
    )
  const temporary = `${file}.${randomUUID()}`
  await writeFile(temporary, body)
  await rename(temporary, file)
}
