// Runs the matrix: starts its own registry, requests each cell, and reports the results as they arrive.

import * as z from 'zod'
import { openApt } from '../test/support/builds/apt.ts'
import { everySuite } from '../test/support/mirrors.ts'
import { type DebianKernel, newestKernels } from '../test/support/registry/kernels.ts'
import { ask, type Registry, scratch, startRegistry } from '../test/support/registry/registry.ts'
import { type Cell, cellsOf, type Seen } from './cells.ts'
import { catalogueAt, upstreamVersions } from './drivers.ts'
import type { Options } from './options.ts'
import { tryCell } from './try.ts'

export interface Ran {
  readonly cells: readonly Cell[]
  /** results of the cells that ended */
  readonly seen: readonly Seen[]
}

/** Number of parallel requests: one cell can build while the virtual machine tests another. */
const AT_ONCE = 2

/** `tell` receives the result of each cell when it ends; `undefined`: it did not end */
export async function run(
  options: Options,
  tell: (cell: Cell, seen: Seen | undefined) => void,
): Promise<Ran> {
  const work = await scratch()
  let registry: Registry | undefined
  try {
    registry = await startRegistry({
      dataDir: options.data ?? work.dir,
      settings: settingsFor(options),
    })
    const cells = cellsOf(
      catalogueAt(options.drivers),
      await versionsFor(registry, options),
      kernelsFor(options),
      options,
    )
    return { cells, seen: await tryAll(registry, cells, options, tell) }
  } finally {
    await registry?.stop()
    await work.remove()
  }
}

/** The only caller may start all builds in one day, and a virtual machine may be slow during builds. */
const settingsFor = ({ drivers, load }: Options) => ({
  debian: { suites: everySuite(), snapshot: { mode: 'off' } },
  drivers: catalogueAt(drivers),
  budgets: {
    buildsPerDay: 5000,
    requestsPerCallerPerDay: 5000,
    unknownPerCallerPerDay: 5000,
    fewBuildsPerCaller: 5000,
  },
  loadTest: { mode: load ? 'recorded' : 'off', maxSeconds: 180 },
})

/** The newest kernel of each series, oldest series first. */
function kernelsFor({ series }: Options): readonly DebianKernel[] {
  const kernels = newestKernels('amd64', openApt(everySuite())).toReversed()
  return series === undefined ? kernels : kernels.filter((kernel) => series.includes(kernel.series))
}

const known = z.object({ packaged: z.array(z.string()) })

/** The versions on the command line, or else Debian's versions and those in the folder. */
async function versionsFor({ url }: Registry, { versions, drivers }: Options): Promise<readonly string[]> {
  const { status, body } = await ask(`${url}/v1/driver-versions`, '--max-time', '60')
  if (status !== 200) throw new Error(`the registry does not say which driver versions there are: ${body}`)
  if (versions !== undefined) return versions
  return [...known.parse(JSON.parse(body)).packaged.toReversed(), ...upstreamVersions(drivers)]
}

async function tryAll(
  registry: Registry,
  cells: readonly Cell[],
  options: Options,
  tell: (cell: Cell, seen: Seen | undefined) => void,
): Promise<Seen[]> {
  const left = [...cells]
  const seen: Seen[] = []
  const tryNext = async (): Promise<void> => {
    for (let cell = left.shift(); cell !== undefined; cell = left.shift()) {
      const found = await tryCell(registry, cell, options)
      if (found !== undefined) seen.push(found)
      tell(cell, found)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, tryNext))
  return seen
}
