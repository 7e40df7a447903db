// Composing a build root against what nobody could do with less: fetching its packages, and unpacking them.

import { join } from 'node:path'
import { openRootCache } from '../client/roots/cache.ts'
import { createFetch } from '../lib/aws/fetch.ts'
import type { Root } from '../lib/build/roots/roots.ts'
import { roots } from '../test/support/builds/roots.ts'
import { fetchAll, unpackAll } from './by-hand.ts'
import type { Measure } from './stage.ts'
import { type About, inTurns, rowOf, seconds } from './turns.ts'

/** Signed lists, packages, digests and all; and the bare work. */
export const measureRoots: Measure = async ({ folder, rounds }) => {
  const root = await roots().of({ tag: 'compilers', commands: ['gcc-12'] }, 'bookworm', 'x86_64')
  const turns = await inTurns(
    rounds,
    (round) => seconds(() => compose(root, join(folder, `cache-${round}`))),
    (round) => seconds(() => fetchAndUnpack(root, join(folder, `bare-${round}`))),
  )
  const about: About = {
    ...{ name: 'roots', what: 'compose a root', against: 'its packages fetched and unpacked' },
    goal: { atMost: 1.5 },
  }
  return [rowOf(about, turns)]
}

const compose = (root: Root, cache: string) =>
  openRootCache(cache, createFetch({ timeoutMs: 300_000 })).root(root)

async function fetchAndUnpack({ packages }: Root, folder: string): Promise<void> {
  await fetchAll(
    folder,
    packages.map(({ url }) => url),
  )
  await unpackAll(folder)
}
