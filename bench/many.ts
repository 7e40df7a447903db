// Builds several probes that share packages, requested at the same time, and compares with the minimum work
// for each in sequence.

import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type DebianKernel, debianKernels, FLAVOURS } from '../test/support/registry/kernels.ts'
import {
  driversOf,
  fetchAll,
  freshDriver,
  headerUrls,
  type Kind,
  makeDriver,
  placeTree,
  unpackAll,
} from './by-hand.ts'
import { got, type Measure, type Stage, withRegistry } from './stage.ts'
import type { Row } from './table.ts'
import { type About, inTurns, rowOf, seconds } from './turns.ts'

interface Wanted {
  readonly kernel: DebianKernel
  readonly driver: string
  readonly kind: Kind
}

/** Modules of two drivers. The eBPF probe of the newest driver would take as long as everything else. */
export const measureDrivers: Measure = (stage) => {
  const drivers = driversOf(['bookworm', 'sid'])
  const [kernel] = debianKernels('6.1', 'amd64')
  if (kernel === undefined) throw new Error('a 6.1 kernel is needed')
  return measure(
    stage,
    { name: 'drivers', what: 'modules of two drivers for one kernel', against: 'the same by hand' },
    drivers.map(({ version }) => ({ kernel, driver: version, kind: 'kmod' })),
  )
}

/** As many 6.1 flavours as the archive has. */
export const measureFlavours: Measure = (stage) => {
  const [driver] = driversOf(['bookworm'])
  const wanted = FLAVOURS.flatMap((flavour) =>
    debianKernels('6.1', flavour)
      .slice(0, 1)
      .map((kernel): Wanted => ({ kernel, driver: driver?.version ?? '', kind: 'kmod' })),
  )
  return measure(
    stage,
    { name: 'flavours', what: `one driver for ${wanted.length} flavours`, against: 'the same by hand' },
    wanted,
  )
}

async function measure(stage: Stage, about: About, wanted: readonly Wanted[]): Promise<readonly Row[]> {
  const work = join(stage.folder, about.name)
  const turns = await inTurns(
    stage.rounds,
    (round) => byRegistry(join(work, `registry-${round}`), wanted),
    (round) => byHand(join(work, `hand-${round}`), wanted),
  )
  const list = (which: 'ours' | 'theirs') => turns.map((turn) => turn[which].toFixed(1)).join(', ')
  const note = `${list('ours')} s; by hand ${list('theirs')} s`
  return [rowOf({ ...about, goal: { atMost: 1 }, note }, turns)]
}

/** Seconds of a registry that has fetched nothing yet. */
async function byRegistry(folder: string, wanted: readonly Wanted[]): Promise<number> {
  await mkdir(folder, { recursive: true })
  try {
    return await withRegistry({ dataDir: join(folder, 'data') }, (registry) =>
      seconds(() => Promise.all(wanted.map((one, i) => got(registry, pathOf(one), join(folder, String(i)))))),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const pathOf = ({ kernel, driver, kind }: Wanted): string => {
  const end = kind === 'kmod' ? 'ko' : 'o'
  return `/driver/${encodeURIComponent(driver)}/x86_64/scap_debian_${kernel.release}_1.${end}`
}

/** Seconds. Each package is fetched once, and each kernel's tree is unpacked once. */
async function byHand(folder: string, wanted: readonly Wanted[]): Promise<number> {
  const kernels = [...new Set(wanted.map(({ kernel }) => kernel))]
  const versions = new Set(wanted.map(({ driver }) => driver))
  const drivers = driversOf(['bookworm', 'sid']).filter(({ version }) => versions.has(version))
  const urls = [...headerUrls(kernels), ...drivers.map(({ url }) => url)]
  try {
    return await seconds(async () => {
      await fetchAll(folder, urls)
      await unpackAll(folder)
      for (const kernel of kernels) await placeTree(folder, kernel)
      for (const { kernel, driver, kind } of wanted) {
        const copy = join(folder, 'driver')
        await freshDriver(folder, driver, copy)
        await makeDriver(folder, kernel, copy, kind)
      }
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
