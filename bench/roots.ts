// Compares composing build roots with the minimum work: fetching and unpacking the packages. It measures one
// root, and a start with empty folders that composes every root and then builds the first probe.

import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openRootCache } from '../client/roots/cache.ts'
import { createFetch } from '../lib/aws/fetch.ts'
import type { Root } from '../lib/build/roots/roots.ts'
import { roots } from '../test/support/builds/roots.ts'
import { debianKernels } from '../test/support/registry/kernels.ts'
import { probePath } from '../test/support/registry/probes.ts'
import { startRegistry } from '../test/support/registry/registry.ts'
import { firstRootUrls } from './by-hand.ts'
import { aSecondMore, byHand, fetchAndUnpack, firstGet } from './miss.ts'
import type { Measure, Stage } from './stage.ts'
import type { Row } from './table.ts'
import { type About, inTurns, load, rowOf, seconds, type Turn } from './turns.ts'

export const measureRoots: Measure = async (stage) => [await oneRoot(stage), ...(await firstStarts(stage))]

/** Composes from signed lists, with all digests checked, and compares with the minimum work. */
async function oneRoot({ folder, rounds }: Stage): Promise<Row> {
  const root = await roots().of({ tag: 'compilers', commands: ['gcc-12'] }, 'bookworm', 'x86_64')
  const urls = root.packages.map(({ url }) => url)
  const turns = await inTurns(
    rounds,
    (round) => seconds(() => compose(root, join(folder, `cache-${round}`))),
    (round) => seconds(() => fetchAndUnpack(join(folder, `bare-${round}`), urls)),
  )
  const about: About = {
    ...{ name: 'roots', what: 'compose a root', against: 'its packages fetched and unpacked' },
    goal: { atMost: 1.5 },
  }
  return rowOf(about, turns)
}

const compose = (root: Root, cache: string) =>
  openRootCache(cache, createFetch({ timeoutMs: 300_000 })).root(root)

interface FirstStart {
  readonly start: Turn
  /** from that start to the last byte of the first probe */
  readonly whole: Turn
}

async function firstStarts({ folder, rounds }: Stage): Promise<Row[]> {
  const all: FirstStart[] = []
  for (let round = 0; round < rounds; round += 1)
    all.push(await firstStart(join(folder, `first-start-${round}`)))
  const starts = all.map(({ start }) => start)
  const wholes = all.map(({ whole }) => whole)
  return [
    rowOf(
      {
        ...{ name: 'roots', what: 'start with empty folders, which composes the roots' },
        ...{ against: 'their packages fetched and unpacked', goal: { atMost: 1.5 }, note: noteOf(starts) },
      },
      starts,
    ),
    rowOf(
      {
        ...{ name: 'roots', what: 'first miss: from that start to the last byte' },
        ...{ against: 'the same, the packages, and make', note: noteOf(wholes) },
        goal: aSecondMore(wholes.map(({ theirs }) => theirs)),
      },
      wholes,
    ),
  ]
}

/** The first start of a user who has no registry and no roots. */
async function firstStart(folder: string): Promise<FirstStart> {
  const [kernel] = debianKernels('6.1', 'amd64')
  if (kernel === undefined) throw new Error('a 6.1 kernel is needed')
  await mkdir(folder)
  const began = performance.now()
  const env = { XDG_CACHE_HOME: join(folder, 'cache') }
  const registry = await startRegistry({ dataDir: join(folder, 'data'), env, args: ['--json'] })
  const start = (performance.now() - began) / 1000
  const miss = await firstGet(registry, folder, probePath(kernel.release)).finally(() => registry.stop())
  const rootUrls = await firstRootUrls()
  const roots = await seconds(async () => {
    for (const [i, urls] of rootUrls.entries()) await fetchAndUnpack(join(folder, `root-${i}`), urls)
  })
  const { packages, make } = await byHand(join(folder, 'hand'), kernel)
  await rm(folder, { recursive: true })
  return {
    start: { ours: start, theirs: roots, load: load() },
    whole: { ours: start + miss.whole, theirs: roots + packages + make, load: load() },
  }
}

function noteOf(turns: readonly Turn[]): string {
  const list = (which: 'ours' | 'theirs') => turns.map((turn) => turn[which].toFixed(1)).join(', ')
  return `${list('ours')} s; by hand ${list('theirs')} s`
}
