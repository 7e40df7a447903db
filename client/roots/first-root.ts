// Before the first start of a user's first registry: composes the root of the first example, and tells how far it is.
// CACHE SETTINGS: the folder of this user's roots, and JSON of what differs from the settings of their archive.

import { ROOT_ARCHIVE, rootArchiveSchema } from '../../lib/archives/roots.ts'
import { createFetch } from '../../lib/aws/fetch.ts'
import { createRoots } from '../../lib/build/roots/roots.ts'
import { folderListDates, folderStore } from './folder-store.ts'
import { keptRoots, teller } from './kept-roots.ts'

const ARCH = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
const COMPILER = 'gcc-12'
/** Of one package, in milliseconds. */
const TIMEOUT = 600_000

async function main(cache: string, settings: string): Promise<void> {
  const archive = rootArchiveSchema.parse({ ...ROOT_ARCHIVE, ...JSON.parse(settings) })
  const fetch = createFetch({ settings: archive, timeoutMs: TIMEOUT })
  const lists = {
    fetch,
    now: Date.now,
    lists: folderListDates(cache),
    inputs: folderStore(cache),
    log: () => {},
  }
  const root = await createRoots(lists, archive).of(
    { tag: 'compilers', commands: [COMPILER] },
    archive.steps,
    ARCH,
  )
  const kept = keptRoots(cache, fetch)
  if ((await kept.find(root.id)) !== undefined) return
  const what = `build root of ${COMPILER}`
  console.log(`${what}: composing it in ${cache}, once for all registries of this user`)
  await kept.compose(root, teller(what, console.log))
}

const [cache = '', settings = '{}'] = process.argv.slice(2)
try {
  await main(cache, settings)
} catch (error) {
  // The first request composes it: nothing that the registry serves already waits for that.
  const why = error instanceof Error ? error.message : String(error)
  console.log(
    `the build root of ${COMPILER} is not composed yet (${why}); the first request for a probe tries again`,
  )
}
