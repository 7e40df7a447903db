// Compares a crowd of clients that request one missing probe with one client, and hits during the crowd with
// hits on an idle registry.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { addressOf, BEHIND_PROXY } from '../test/support/registry/crowd.ts'
import { debianKernels } from '../test/support/registry/kernels.ts'
import { DRIVER_VERSION, type Registry, startRegistry } from '../test/support/registry/registry.ts'
import { hitting } from './hitting.ts'
import { type Got, leanClient } from './lean-client.ts'
import type { Measure } from './stage.ts'
import type { Row } from './table.ts'
import { load } from './turns.ts'

const SIZES = [1, 10, 100, 1000, 5000] as const
const ROUNDS = 3
const FLAVOURS = ['amd64', 'cloud-amd64', 'rt-amd64'] as const
const PATIENCE_MS = 180_000
const QUIET_MS = 6000

interface Crowd {
  readonly clients: number
  readonly served: number
  readonly builds: number
  /** time of the last client, divided by the time of the single client in the same round */
  readonly ratio: number
  /** p99 of the hits during the crowd, divided by the p99 of hits without it */
  readonly hits: number
  /** load of the machine */
  readonly load: number
}

/** Three rounds; the last one runs on a busy processor. */
export const measureCrowds: Measure = async ({ folder }) => {
  const registry = await startRegistry({ dataDir: join(folder, 'crowd'), settings: BEHIND_PROXY })
  try {
    const missing = paths()
    const there = missing.shift() ?? ''
    await leanClient({ address: '10.255.0.1', url: `${registry.url}${there}`, patience: PATIENCE_MS })
    const rounds: Crowd[][] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const busy = round === ROUNDS - 1 ? keepBusy() : undefined
      rounds.push(await oneRound(registry, there, missing))
      await busy?.terminate()
    }
    return SIZES.flatMap((clients, i) =>
      rowsOf(
        clients,
        rounds.map((round) => round[i]!),
      ),
    )
  } finally {
    await registry.stop()
  }
}

/** Paths of both kinds for every 6.1 kernel in the archive. */
function paths(): string[] {
  const releases = FLAVOURS.flatMap((flavour) => debianKernels('6.1', flavour).map(({ release }) => release))
  const folder = `/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64`
  return ['ko', 'o'].flatMap((end) => releases.map((it) => `${folder}/scap_debian_${it}_1.${end}`))
}

async function oneRound(registry: Registry, there: string, missing: string[]): Promise<Crowd[]> {
  const quiet = hitting(registry.url + there)
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS))
  const alone = p99(await quiet())
  const results: Crowd[] = []
  let one: number | undefined
  for (const clients of SIZES) {
    const path = missing.shift()
    if (path === undefined) throw new Error('the archive has too few kernels for so many crowds')
    const before = await builds(registry)
    const beside = hitting(registry.url + there)
    const all = await crowd(registry.url + path, clients)
    const hits = p99(await beside())
    const last = Math.max(...all.map(({ milliseconds }) => milliseconds))
    one ??= last
    const served = all.filter(({ bytes }) => bytes !== undefined && bytes === all[0]?.bytes).length
    const built = (await builds(registry)) - before
    results.push({ clients, served, builds: built, ratio: last / one, hits: hits / alone, load: load() })
  }
  return results
}

/** `many` clients request one probe at the same moment. */
const crowd = (url: string, many: number): Promise<Got[]> =>
  Promise.all(
    Array.from({ length: many }, (_, i) => leanClient({ address: addressOf(i), url, patience: PATIENCE_MS })),
  )

const builds = async ({ dataDir }: Registry): Promise<number> =>
  (await readdir(join(dataDir, 'builds'))).filter((name) => name.endsWith('.log')).length

const p99 = (milliseconds: readonly number[]): number =>
  milliseconds.toSorted((a, b) => a - b)[Math.floor(milliseconds.length * 0.99)] ?? 0

const keepBusy = (): Worker => new Worker('for (;;) {}', { eval: true })

function rowsOf(clients: number, rounds: readonly Crowd[]): Row[] {
  const served = rounds.reduce((sum, one) => sum + one.served, 0)
  const built = rounds.map((one) => one.builds).join(', ')
  const loads = rounds.map((one) => one.load)
  return [
    {
      ...{ name: 'crowd', what: `${clients} GETs at once of one missing probe`, against: 'one GET' },
      ...{ goal: { atMost: 1.5 }, ratios: rounds.map(({ ratio }) => ratio), loads },
      note: `${served} of ${clients * rounds.length} got it; builds: ${built}`,
    },
    {
      ...{
        name: 'crowd',
        what: `p99 of hits during ${clients} GETs`,
        against: 'hits alone',
        goal: { atMost: 2 },
      },
      ...{ ratios: rounds.map(({ hits }) => hits), loads },
    },
  ]
}
