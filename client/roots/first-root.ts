// Before the first start of a user's first registry: composes the roots of the first example, and tells how far it is.
// CACHE SETTINGS: the folder of this user's roots, and JSON of what differs from the settings of their archive.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT_ARCHIVE, rootArchiveSchema } from '../../lib/archives/roots.ts'
import { createFetch } from '../../lib/aws/fetch.ts'
import { diskFolder } from '../../lib/aws/folder.ts'
import { packed } from '../../lib/build/roots/keep.ts'
import { createRootRecords } from '../../lib/build/roots/records.ts'
import { createRoots } from '../../lib/build/roots/roots.ts'
import type { RootSpec } from '../../lib/build/roots/spec.ts'
import { sha256 } from '../../lib/model/digest.ts'
import { DONE } from '../../local/start/first-root.ts'
import { rootBucket } from './bucket.ts'
import { openRootCache, type Progress } from './cache.ts'
import { folderListDates, folderStore } from './folder-store.ts'

const ARCH = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
const COMPILER = 'gcc-12'
/** Of one package, in milliseconds. */
const TIMEOUT = 600_000

/** Every few seconds one line, whether it goes to a terminal or into a log. */
function teller(what: string): Progress {
  const [began, every] = [Date.now(), 3000]
  let next = began + every
  return (step, done, all) => {
    const now = Date.now()
    if (now < next && done < all) return
    next = now + every
    const seconds = Math.ceil(((now - began) * (all - done)) / done / 1000)
    const left = step === 'fetch' && done < all ? `, ${seconds} s left` : ''
    const megabytes = [done, all].map((bytes) => (bytes / 1e6).toFixed(0)).join(' of ')
    console.log(`${what}: ${step === 'fetch' ? 'fetched' : 'unpacked'} ${megabytes} MB${left}`)
  }
}

/** What the first example is built with: its steps, its compiler, and the machine that then loads it. */
const FIRST: readonly { readonly what: string; readonly spec: RootSpec }[] = [
  { what: 'build root of the steps', spec: { tag: 'steps' } },
  { what: `build root of ${COMPILER}`, spec: { tag: 'compilers', commands: [COMPILER] } },
  { what: 'build root of the load test', spec: { tag: 'machine' } },
]

async function main(cache: string, settings: string): Promise<void> {
  const archive = rootArchiveSchema.parse({ ...ROOT_ARCHIVE, ...JSON.parse(settings) })
  const fetch = createFetch({ settings: archive, timeoutMs: TIMEOUT })
  const ports = { fetch, now: Date.now, lists: folderListDates(cache), inputs: folderStore(cache) }
  const roots = createRoots({ ...ports, log: () => {} }, archive)
  const records = createRootRecords(rootBucket(join(cache, 'bucket')))
  for (const { what, spec } of FIRST) {
    const root = await roots.of(spec, archive.steps, ARCH)
    if ((await records.find(root.id)) !== undefined) continue
    console.log(`${what}: composing it in ${cache}, once for all registries of this user`)
    const { folder, digest } = await openRootCache(cache, fetch).root(root, teller(what))
    const { archive: body } = await packed(diskFolder(folder))
    const { id, suite } = root
    await records.keep({ id, suite, digest, sha256: sha256(body), bytes: body.length }, body)
  }
  // A crash before this line looks for what is left at the next start.
  writeFileSync(join(cache, DONE), '')
}

const [cache = '', settings = '{}'] = process.argv.slice(2)
try {
  await main(cache, settings)
} catch (error) {
  // The first request composes them: nothing that the registry serves already waits for that.
  const why = error instanceof Error ? error.message : String(error)
  console.log(`not all build roots are composed yet (${why}); the first request for a probe tries again`)
}
