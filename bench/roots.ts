// Composing a build root against what nobody could do with less: fetching its packages, and unpacking them.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openRootCache } from '../client/roots/cache.ts'
import { createFetch } from '../lib/aws/fetch.ts'
import type { Root } from '../lib/build/roots/roots.ts'
import { roots } from '../test/support/builds/roots.ts'
import { sh } from '../test/support/registry/registry.ts'

const ROUNDS = 3
const FETCH_EACH = 'xargs -P 4 -n 1 curl -fsSLO <urls'
const UNPACK_EACH = 'for deb in *.deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x -C tree; done'

/** Seconds of each round, turn by turn: signed lists, packages, digests and all; and the bare work. */
export async function timeRoots(work: string): Promise<{ composed: number[]; bare: number[] }> {
  const root = await roots().of({ tag: 'compilers', commands: ['gcc-12'] }, 'bookworm', 'x86_64')
  const composed: number[] = []
  const bare: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(await seconds(() => fetchAndUnpack(root, join(work, `bare-${round}`))))
    composed.push(await seconds(() => compose(root, join(work, `cache-${round}`))))
  }
  return { composed, bare }
}

async function seconds(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await action()
  return (performance.now() - start) / 1000
}

const compose = (root: Root, cache: string) =>
  openRootCache(cache, createFetch({ timeoutMs: 300_000 })).root(root)

async function fetchAndUnpack({ packages }: Root, folder: string): Promise<void> {
  await mkdir(join(folder, 'tree'), { recursive: true })
  await writeFile(join(folder, 'urls'), packages.map(({ url }) => `${url}\n`).join(''))
  await sh('sh', ['-ec', `${FETCH_EACH}; ${UNPACK_EACH}`], folder)
}
