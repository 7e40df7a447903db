// Composes the roots of the first example before a user's first registry starts, and prints the progress.
// CACHE: folder of this user's roots. The environment contains JSON of the settings of the archive and the
// network that differ from the defaults.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT_ARCHIVE, rootArchiveSchema } from '../../lib/archives/roots.ts'
import { createFetch } from '../../lib/aws/fetch.ts'
import { createRoots } from '../../lib/build/roots/roots.ts'
import type { RootSpec } from '../../lib/model/events.ts'
import { NETWORK, networkSchema } from '../../lib/model/network.ts'
import { DONE, SETTINGS } from '../../local/start/first-root.ts'
import { bucketStore } from './bucket.ts'
import { folderListDates } from './folder-store.ts'
import { keptRoots, teller } from './kept-roots.ts'

const ARCH = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
const COMPILER = 'gcc-12'
/** Timeout of one package in milliseconds. */
const TIMEOUT = 600_000

/** The roots of the first example: its steps, its compiler, and the machine of its load test. */
const FIRST: readonly { readonly what: string; readonly spec: RootSpec }[] = [
  { what: 'build root of the steps', spec: { tag: 'steps' } },
  { what: `build root of ${COMPILER}`, spec: { tag: 'compilers', commands: [COMPILER] } },
  { what: 'build root of the load test', spec: { tag: 'machine' } },
]

async function main(cache: string, settings: string): Promise<void> {
  const own = JSON.parse(settings)
  const archive = rootArchiveSchema.parse({ ...ROOT_ARCHIVE, ...own.archive })
  const network = networkSchema.parse({ ...NETWORK, ...own.network })
  const fetch = createFetch({ settings: archive, network, timeoutMs: TIMEOUT })
  // Signed lists are cached next to the roots, where the first plan of every registry finds them.
  const inputs = bucketStore(join(cache, 'bucket'))
  const ports = { fetch, now: Date.now, lists: folderListDates(cache), inputs }
  const roots = createRoots({ ...ports, log: () => {} }, archive)
  const kept = keptRoots(cache, fetch)
  await roots.choose({ command: COMPILER }, ARCH)
  for (const { what, spec } of FIRST) {
    const root = await roots.of(spec, archive.steps, ARCH)
    if ((await kept.find(root.id)) !== undefined) continue
    console.log(`${what}: composing it in ${cache}, once for all registries of this user`)
    await kept.compose(root, teller(what, console.log))
  }
  // After a crash before this line, the next start checks again for missing roots.
  writeFileSync(join(cache, DONE), '')
}

const [cache = ''] = process.argv.slice(2)
try {
  await main(cache, process.env[SETTINGS] ?? '{}')
} catch (error) {
  // The registry starts without these roots: the first request composes them.
  const why = error instanceof Error ? error.message : String(error)
  console.log(`some build roots are not composed yet (${why}); the first request for a probe tries again`)
}
