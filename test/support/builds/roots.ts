// Composes the build roots of the tests once for this user, as a registry does.

import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Composed, openRootCache } from '../../../client/roots/cache.ts'
import { folderListDates, folderStore } from '../../../client/roots/folder-store.ts'
import { createFetch } from '../../../lib/aws/fetch.ts'
import { diskFolder } from '../../../lib/aws/folder.ts'
import { packed } from '../../../lib/build/roots/keep.ts'
import { createRoots, type Roots } from '../../../lib/build/roots/roots.ts'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import type { RootSpec } from '../../../lib/model/events.ts'
import { cacheFolder } from '../../../local/roots.ts'
import { aptOptions } from '../../../local/start/apt-sources.ts'
import { mainMirror } from '../mirrors.ts'
import { tell } from './apt.ts'
import { machine } from './build.ts'

export const CACHE = cacheFolder(process.env)

const fetch = createFetch({ timeoutMs: 300_000 })

/** Build roots from this machine's mirror. */
export const roots = (): Roots =>
  createRoots(
    { fetch, now: Date.now, lists: folderListDates(CACHE), inputs: folderStore(CACHE), log: () => {} },
    { ...DEFAULTS.roots, mirror: mainMirror(), ...aptOptions() },
  )

export async function composed(spec: RootSpec, suite: string): Promise<Composed> {
  const root = await roots().of(spec, suite, machine)
  let next = 0
  return openRootCache(CACHE, fetch).root(root, (step, done, all) => {
    if (done < next) return
    next = done + all / 4
    tell(`a root of ${suite}: ${step}, ${(done / 1e6).toFixed(0)} of ${(all / 1e6).toFixed(0)} MB`)
  })
}

/** The roots for the steps of a build, for its compilers, and for a load test. */
const SPECS = {
  steps: { tag: 'steps' },
  compilers: { tag: 'compilers', commands: ['gcc-12', 'clang-14'] },
  machine: { tag: 'machine' },
} as const satisfies Readonly<Record<string, RootSpec>>
type Purpose = keyof typeof SPECS

const made = new Map<Purpose, Promise<Composed>>()
/** The root of bookworm for this purpose. */
export function rootFor(purpose: Purpose): Promise<Composed> {
  const root = made.get(purpose) ?? composed(SPECS[purpose], 'bookworm')
  made.set(purpose, root)
  return root
}

const archives = new Map<Purpose, Promise<Buffer>>()
/** The archive of the same root, as the bucket of roots stores it. */
export function rootArchive(purpose: Purpose): Promise<Buffer> {
  const archive = archives.get(purpose) ?? pack(purpose)
  archives.set(purpose, archive)
  return archive
}

/** Packing takes a quarter of a minute, so the tests share the archives. */
const ARCHIVES = join(import.meta.dirname, '../../../.build/root-archives')

async function pack(purpose: Purpose): Promise<Buffer> {
  const { digest, folder } = await rootFor(purpose)
  const file = join(ARCHIVES, `${digest}.tar.gz`)
  if (existsSync(file)) return readFileSync(file)
  const { archive } = await packed(diskFolder(folder))
  mkdirSync(ARCHIVES, { recursive: true })
  const making = `${file}.${randomUUID()}`
  writeFileSync(making, archive)
  renameSync(making, file)
  return Buffer.from(archive)
}
