// Composes roots for a user without a registry: unpacks, packs and records them.

import { join } from 'node:path'
import { diskFolder } from '../../lib/aws/folder.ts'
import { packed } from '../../lib/build/roots/keep.ts'
import { createRootRecords, type RootRecord } from '../../lib/build/roots/records.ts'
import type { Root } from '../../lib/build/roots/roots.ts'
import { sha256 } from '../../lib/model/digest.ts'
import type { Fetch } from '../../lib/model/ports.ts'
import { bucketStore } from './bucket.ts'
import { openRootCache, type Progress } from './cache.ts'

interface KeptRoots {
  find(id: string): Promise<RootRecord | undefined>
  /** @throws {ProbeError} as for `RootCache.root` and `RootRecords.keep`. */
  compose(root: Root, progress: Progress): Promise<RootRecord>
}

/** `cache`: folder of this user */
export function keptRoots(cache: string, fetch: Fetch): KeptRoots {
  const records = createRootRecords(bucketStore(join(cache, 'bucket')))
  return {
    find: records.find,
    compose: async (root, progress) => {
      const { folder, digest } = await openRootCache(cache, fetch).root(root, progress)
      const { archive } = await packed(diskFolder(folder))
      const { id, suite } = root
      return records.keep({ id, suite, digest, sha256: sha256(archive), bytes: archive.length }, archive)
    },
  }
}

/** Prints a progress line every few seconds, for terminals and logs. */
export function teller(what: string, say: (line: string) => void): Progress {
  const [began, every] = [Date.now(), 3000]
  let next = began + every
  return (step, done, all) => {
    const now = Date.now()
    if (now < next && done < all) return
    next = now + every
    const seconds = Math.ceil(((now - began) * (all - done)) / done / 1000)
    const left = step === 'fetch' && done < all ? `, ${seconds} s left` : ''
    const megabytes = [done, all].map((bytes) => (bytes / 1e6).toFixed(0)).join(' of ')
    say(`${what}: ${step === 'fetch' ? 'fetched' : 'unpacked'} ${megabytes} MB${left}`)
  }
}
