// What a build made of a kernel, kept for the next one: its build tree, of source and config, and its image.

import { sha256 } from '../model/digest.ts'
import type { BuildCache, Store } from '../model/ports.ts'
import type { Arch } from '../model/probe.ts'

/** Bytes of a packed tree; those of distributions' configs have 10 MB. */
export const MAX_CACHED = 64 * 1024 * 1024

/** All that a tree is made of: whoever has the same gets the same tree, and nobody else does. */
interface TreeFacts {
  readonly arch: Arch
  readonly unameRelease: string
  readonly compiler: string
  /** sha256 of each */
  readonly source: string
  readonly config: string
  readonly kheaders: string | undefined
}

/** `2`: trees of before do not say which options of their config do not hold in them. */
export const treeId = ({ arch, unameRelease, compiler, source, config, kheaders }: TreeFacts): string =>
  sha256(JSON.stringify(['2', arch, unameRelease, compiler, source, config, kheaders ?? '']))

/** One object each, created whole or not at all: what was deleted of them is made, and kept, again. */
export const createBuildCache = (inputs: Pick<Store, 'stat' | 'create'>): BuildCache => ({
  find: (key) => inputs.stat(key),
  keep: async (key, body) => {
    await inputs.create(key, body, { contentType: 'application/octet-stream', sha256: sha256(body) })
  },
})
