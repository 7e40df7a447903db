// Caches kernel build trees (made from source and config) and kernel images for later builds.

import { sha256 } from '../model/digest.ts'
import type { BuildCache, Store } from '../model/ports.ts'
import type { Arch } from '../model/probe.ts'

/** In bytes. Packed trees of distributions' configs have 10 MB. */
export const MAX_CACHED = 64 * 1024 * 1024

/** All facts that decide a tree. */
interface TreeFacts {
  readonly arch: Arch
  readonly unameRelease: string
  readonly compiler: string
  /** sha256, like the next two */
  readonly source: string
  readonly config: string
  readonly kheaders: string | undefined
}

/** `2`: a new version, because older trees lack the list of options that changed in them. */
export const treeId = ({ arch, unameRelease, compiler, source, config, kheaders }: TreeFacts): string =>
  sha256(JSON.stringify(['2', arch, unameRelease, compiler, source, config, kheaders ?? '']))

/** Each entry is one object. If it is deleted, the next build makes and stores it again. */
export const createBuildCache = (inputs: Pick<Store, 'stat' | 'create'>): BuildCache => ({
  find: (key) => inputs.stat(key),
  keep: async (key, body) => {
    await inputs.create(key, body, { contentType: 'application/octet-stream', sha256: sha256(body) })
  },
})
