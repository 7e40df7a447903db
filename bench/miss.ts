// Measures the first GET of a probe until its last byte, and compares it with the minimum work: fetch,
// unpack, make.

import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BUILD_ENV } from '../lib/aws/resources.ts'
import { type DebianKernel, debianKernels } from '../test/support/registry/kernels.ts'
import { probePath } from '../test/support/registry/probes.ts'
import { curl, type Registry, startRegistry } from '../test/support/registry/registry.ts'
import { driversOf, fetchAll, freshDriver, headerUrls, makeDriver, placeTree, unpackAll } from './by-hand.ts'
import type { Measure, Stage } from './stage.ts'
import { type Goal, median } from './table.ts'
import { type About, load, rowOf, seconds } from './turns.ts'

interface Round {
  /** first GET of a registry that has its roots and nothing else */
  readonly rooted: Miss
  /** with all inputs of the build already stored */
  readonly ready: Miss
  readonly hand: Hand
  /** load of the machine */
  readonly load: number
}

/** Seconds. */
interface Miss {
  readonly whole: number
  readonly plan: number
  readonly build: number
  readonly publish: number
}

/** Seconds. */
interface Hand {
  /** to fetch and unpack the packages of the kernel and the driver */
  readonly packages: number
  readonly make: number
}

export const measureMiss: Measure = async (stage) => {
  const rounds: Round[] = []
  for (let round = 0; round < stage.rounds; round += 1) rounds.push(await oneRound(stage, round))
  const row = (about: Omit<About, 'name'>, ours: (round: Round) => number, theirs: (hand: Hand) => number) =>
    rowOf(
      { name: 'miss', ...about },
      rounds.map((one) => ({ ours: ours(one), theirs: theirs(one.hand), load: one.load })),
    )
  const some = ({ packages, make }: Hand) => packages + make
  const byHands = rounds.map(({ hand }) => hand)
  return [
    row(
      {
        ...{ what: 'miss with build roots: first GET to last byte', goal: aSecondMore(byHands.map(some)) },
        against: 'packages fetched and unpacked, and make',
        note: `${phasesOf(rounds.map(({ rooted }) => rooted))}; by hand ${list(byHands.map(some))} s`,
      },
      ({ rooted }) => rooted.whole,
      some,
    ),
    row(
      {
        ...{ what: 'miss with build roots and headers', against: 'make', goal: { atMost: 0.8 } },
        note: `${phasesOf(rounds.map(({ ready }) => ready))}; make ${list(byHands.map(({ make }) => make))} s`,
      },
      ({ ready }) => ready.whole,
      ({ make }) => make,
    ),
  ]
}

/** The goal: at most one second more than the minimum work. */
export const aSecondMore = (hands: readonly number[]): Goal => ({
  atMost: median(hands.map((hand) => (hand + 1) / hand)),
})

const list = (values: readonly number[]): string => values.map((value) => value.toFixed(1)).join(', ')

/** Median of each phase. */
function phasesOf(misses: readonly Miss[]): string {
  const of = (phase: keyof Miss): string => median(misses.map((miss) => miss[phase])).toFixed(1)
  return `${of('whole')} s: plan ${of('plan')}, build ${of('build')}, publish ${of('publish')}`
}

async function oneRound(stage: Stage, round: number): Promise<Round> {
  const folder = join(stage.folder, `miss-${round}`)
  const [kernel, other] = debianKernels('6.1', 'amd64')
  if (kernel === undefined || other === undefined) throw new Error('two 6.1 kernels are needed')
  const ours = await misses(folder, kernel, other)
  const hand = await byHand(join(folder, 'hand'), kernel)
  await rm(folder, { recursive: true })
  return { ...ours, hand, load: load() }
}

/**
 * In the second measurement the registry has lost its index: it knows no probe, but has all inputs. The other
 * probe starts its workers.
 */
async function misses(folder: string, kernel: DebianKernel, other: DebianKernel) {
  const dataDir = join(folder, 'data')
  const begin = () => startRegistry({ dataDir, args: ['--json'] })
  await mkdir(folder)
  let registry = await begin()
  try {
    const rooted = await firstGet(registry, folder, probePath(kernel.release))
    await registry.stop()
    await rm(join(dataDir, 'dynamodb'), { recursive: true })
    registry = await begin()
    await firstGet(registry, folder, probePath(other.release))
    const ready = await firstGet(registry, folder, probePath(kernel.release))
    return { rooted, ready }
  } finally {
    await registry.stop()
  }
}

export async function byHand(folder: string, kernel: DebianKernel): Promise<Hand> {
  const [driver] = driversOf(['bookworm'])
  if (driver === undefined) throw new Error('no driver')
  const packages = await seconds(() => fetchAndUnpack(folder, [...headerUrls([kernel]), driver.url]))
  await placeTree(folder, kernel)
  const copy = join(folder, 'driver')
  await freshDriver(folder, driver.version, copy)
  const make = await seconds(() => makeDriver(folder, kernel, copy))
  return { packages, make }
}

export async function fetchAndUnpack(folder: string, urls: readonly string[]): Promise<void> {
  await fetchAll(folder, urls)
  await unpackAll(folder)
}

export async function firstGet(registry: Registry, folder: string, path: string): Promise<Miss> {
  const began = Date.now()
  const patient = ['--retry', '10', '--retry-max-time', '300']
  const out = join(folder, 'probe')
  const { code, stderr } = await curl(['-fsSL', ...patient, '-o', out, registry.url + path])
  if (code !== 0) throw new Error(`${stderr}\n${registry.output()}`)
  const whole = (Date.now() - began) / 1000
  return { whole, ...(await phasesIn(registry, decodeURIComponent(path.slice(1)))) }
}

/** Durations from the registry's status of the probe's steps, and from CodeBuild's status of the build. */
async function phasesIn(registry: Registry, key: string): Promise<Omit<Miss, 'whole'>> {
  const steps = registry
    .output()
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Step] : []))
  const at = (step: string): number =>
    Date.parse(steps.find((one) => one.key === key && one.step === step)?.at ?? '')
  const ended = await endOfBuild(join(registry.dataDir, 'builds'), key)
  return {
    plan: (at('building') - at('asked')) / 1000,
    build: (ended - at('building')) / 1000,
    publish: (at('published') - ended) / 1000,
  }
}

interface Step {
  readonly at: string
  readonly key: string
  readonly step: string
}

interface Build {
  readonly variables: readonly { readonly name: string; readonly value: string }[]
  readonly end?: number
}

/** End of its last build, in milliseconds since the epoch. */
async function endOfBuild(folder: string, key: string): Promise<number> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json'))
  const builds = await Promise.all(
    files.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as Build),
  )
  const own = builds.filter(({ variables }) =>
    variables.some(({ name, value }) => name === BUILD_ENV.probeKey && value === key),
  )
  return Math.max(...own.map(({ end }) => end ?? Number.NaN))
}
