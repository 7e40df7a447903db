// Before the first start of a user's first registry: composes the roots of the first example, and tells how far it is.
// CACHE: the folder of this user's roots. The environment has JSON of what differs from the settings of their archive, and
// of the network.

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
/** Of one package, in milliseconds. */
const TIMEOUT = 600_000

/** What the first example is built with: its steps, its compiler, and the machine that then loads it. */
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
  // What is read of the lists is kept beside the roots, where every registry's first plan finds it.
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
  // A crash before this line looks for what is left at the next start.
  writeFileSync(join(cache, DONE), '')
}

const [cache = ''] = process.argv.slice(2)
try {
  await main(cache, process.env[SETTINGS] ?? '{}')
} catch (error) {
  // The first request composes them: nothing that the registry serves already waits for that.
  const why = error instanceof Error ? error.message : String(error)
  console.log(`some build roots are not composed yet (${why}); the first request for a probe tries again`)
}
