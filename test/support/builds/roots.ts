// The build root that tests of the steps compile in: composed once for this user, as a registry does it.

import { type Composed, openRootCache } from '../../../client/roots/cache.ts'
import { folderListDates, folderStore } from '../../../client/roots/folder-store.ts'
import { createFetch } from '../../../lib/aws/fetch.ts'
import { createRoots, type Roots } from '../../../lib/build/roots/roots.ts'
import type { RootSpec } from '../../../lib/build/roots/spec.ts'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { cacheFolder } from '../../../local/roots.ts'
import { aptOptions } from '../../../local/start/apt-sources.ts'
import { mainMirror } from '../mirrors.ts'
import { tell } from './apt.ts'
import { machine } from './build.ts'

export const CACHE = cacheFolder(process.env)

const fetch = createFetch({ timeoutMs: 300_000 })

/** Of this machine's mirror. */
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

/** gcc and clang of bookworm: what the steps were made with. */
let steps: Promise<Composed> | undefined
export function stepsRoot(): Promise<Composed> {
  steps ??= composed({ tag: 'compilers', commands: ['gcc-12', 'clang-14'] }, 'bookworm')
  return steps
}
