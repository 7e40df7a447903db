// Kernel build trees that a build made of source and config, kept for the next driver version of the same kernel.

import { type Stored, sha256, storedSchema } from '../model/digest.ts'
import { treeKey } from '../model/keys.ts'
import type { Store, Trees } from '../model/ports.ts'
import type { Arch } from '../model/probe.ts'
import { keepInput } from './inputs.ts'

/** Bytes of a packed tree; those of distributions' configs have 10 MB. */
export const MAX_TREE = 64 * 1024 * 1024
const MAX_RECORD = 1024

/** All that a tree is made of: whoever has the same gets the same tree, and nobody else does. */
export interface TreeFacts {
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

/** Under which the image that a load test takes out of its package is kept for the next one. */
export const bootId = (image: { readonly sha256: string }): string => sha256(`boot ${image.sha256}`)

export function createTrees(inputs: Pick<Store, 'get' | 'create'>): Trees {
  return {
    find: async (id) => {
      const record = await inputs.get(treeKey(id), MAX_RECORD)
      return record === undefined
        ? undefined
        : storedSchema.parse(JSON.parse(new TextDecoder().decode(record)))
    },
    keep: async (id, body) => {
      // The tree first: a crash after it leaves an object that nobody is told of, and the next build keeps it again.
      const stored: Stored = { sha256: await keepInput(inputs, body), bytes: body.length }
      const record = new TextEncoder().encode(JSON.stringify(stored))
      await inputs.create(treeKey(id), record, { contentType: 'application/json', sha256: sha256(record) })
    },
  }
}
