// The roots of this user, unpacked once and shared by all registries and builds that he runs.

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
  /** of the root's packages */
  id: z.string(),
  /** sha256 of all that it unpacks to: of the tar archive that `packEntries` makes of it */
  digest: z.string(),
  suite: z.string(),
})
export type Composed = Read<typeof composedSchema> & {
  /** where it lies, unpacked */
  readonly folder: string
}

/** What is told while a root is being fetched and composed. */
export type Progress = (step: 'fetch' | 'unpack', done: number, all: number) => void

interface RootCache {
  /** The root, composed if need be. ProbeError as for `fetch` and `composeRoot`. */
  root(root: Root, progress?: Progress): Promise<Composed>
}

/** Packages fetched at one time. */
const FETCHES = 4

/** `dir`: this user's own. What was fetched is kept until its root is there, so that a start that was cut off goes on. */
export function openRootCache(dir: string, fetch: Fetch): RootCache {
  const packages = join(dir, 'packages')
  const fileOf = ({ sha256: digest }: Package): string => join(packages, digest)
  /** Again, where another process has removed it, whose root of the same package was there first. */
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

/** Those of the root, and what a fetch that was cut off left of them. */
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

/** A crash before the rename leaves a folder of a name that nobody looks for; one after it, a root that is composed again. */
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
      `${pkg.url} has not the sha256 ${pkg.sha256} of the signed list: it is not used`,
    )
  const temporary = `${file}.${randomUUID()}`
  await writeFile(temporary, body)
  await rename(temporary, file)
}
