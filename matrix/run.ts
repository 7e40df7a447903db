// A run of the matrix: a registry of its own, each cell asked of it, and what was seen told as it comes.

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
  /** of those cells that came to an end */
  readonly seen: readonly Seen[]
}

/** Cells that are asked for at one time: there is a build, and a virtual machine beside it. */
const AT_ONCE = 2

/** `tell` is given what was seen of each cell, as it comes; `undefined`: it came to no end. */
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

/** Its only caller may ask for all of it in a day; a virtual machine may be slow beside builds. */
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

/** The newest of each series, oldest series first. */
function kernelsFor({ series }: Options): readonly DebianKernel[] {
  const kernels = newestKernels('amd64', openApt(everySuite())).toReversed()
  return series === undefined ? kernels : kernels.filter((kernel) => series.includes(kernel.series))
}

const known = z.object({ packaged: z.array(z.string()) })

/** Those that were named, else Debian's and those of the folder. */
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
