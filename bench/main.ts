// `npm run bench`: what the registry costs over the bare work, as ratios and differences within one run. `-- --only NAME`:
// one part of it, of those that are measured by themselves.

import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { debianKernels } from '../test/support/registry/kernels.ts'
import {
  curl,
  DRIVER_VERSION,
  freePort,
  type Registry,
  scratch,
  startRegistry,
} from '../test/support/registry/registry.ts'
import { bareMake } from './bare-make.ts'
import { timeIndexes } from './big-index.ts'
import { measureColdStart } from './cold-start.ts'
import { timeCrowds } from './crowd.ts'
import { hitsAtTheDoor } from './door.ts'
import { measureHandler } from './handler.ts'
import { timeHits } from './hits.ts'
import { timeNames } from './names.ts'
import { timeRoots } from './roots.ts'
import { bareTree, secondDriver, timeSubmissions } from './submissions.ts'

const say = (what: string, value: string, bound: string) =>
  console.log(`${what.padEnd(58)} ${value.padStart(22)}   ${bound}`)
const seconds = (value: number): string => `${value.toFixed(2)} s`

const work = await scratch()
const port = await freePort()
const dataDir = join(work.dir, 'data')
const pathOf = (release: string) => `driver/${DRIVER_VERSION}/x86_64/scap_debian_${release}_1.ko`

async function timed<T>(action: () => Promise<T>): Promise<{ took: number; result: T }> {
  const start = performance.now()
  const result = await action()
  return { took: (performance.now() - start) / 1000, result }
}

async function firstGet(registry: Registry, release: string): Promise<number> {
  const out = join(work.dir, `${release}.ko`)
  const { took, result } = await timed(() =>
    curl(['-fsSL', '--max-time', '60', '-o', out, `${registry.url}/${pathOf(release)}`]),
  )
  if (result.code !== 0) throw new Error(result.stderr)
  return took
}

async function builds(): Promise<number> {
  return (await readdir(join(dataDir, 'builds'))).filter((name) => name.endsWith('.log')).length
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}

const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  crowd: () => timeCrowds(dataDir, say),
  index: () => timeIndexes(dataDir, say),
  'read-path': readPath,
}

const [flag, only = ''] = process.argv.slice(2)
if (flag !== undefined && (flag !== '--only' || PARTS[only] === undefined))
  throw new Error(`npm run bench -- --only NAME has these: ${Object.keys(PARTS).join(', ')}`)

let running: Registry | undefined
try {
  await (PARTS[only] ?? measureAll)()
} finally {
  await running?.stop()
  await work.remove()
}

/** The functions themselves, without the stack. */
async function readPath(): Promise<void> {
  const told = (ratios: readonly number[]) => ratios.map((ratio) => ratio.toFixed(2)).join(', ')
  const handler = await measureHandler()
  say('hit in the handler against GetItem and a presign', told(handler.ratios), 'within 1.3')
  say("the same against the SDK's", told(handler.ofSdk), '')
  const cold = await measureColdStart()
  say('cold start against the DynamoDB client alone', told(cold.ratios), 'within 1.15')
  say('the same against hello world', told(cold.ofHello), '')
  say('bytes of the bundles', JSON.stringify(cold.bytes), 'resolve within 350 KB')
}

async function measureAll(): Promise<void> {
  const [newest, second, third] = debianKernels('6.1', 'amd64')
  if (newest === undefined || second === undefined || third === undefined)
    throw new Error('three 6.1 kernels are needed')
  const make = await bareMake(join(work.dir, 'bare'), newest.unameRelease, 2)
  const cold = await timed(() => startRegistry({ dataDir, port }))
  let registry = cold.result
  running = registry
  const uncached = await firstGet(registry, newest.release)
  await firstGet(registry, third.release)
  /** Without its index the registry knows of no probe, and has all inputs at hand. The other probe starts its workers. */
  const forgetful = async (loadTest: 'off' | 'required') => {
    await registry.stop()
    await rm(join(dataDir, 'dynamodb'), { recursive: true })
    registry = await startRegistry({ dataDir, port, loadTest })
    running = registry
    await firstGet(registry, third.release)
    return firstGet(registry, newest.release)
  }
  const cached = await forgetful('off')
  // The kernel's image is fetched and kept by the first test of it.
  await forgetful('required')
  const tested = await forgetful('required')
  await forgetful('off')
  say('bare make of the module, in the root', seconds(make), '')
  say('first GET, nothing cached', `make + ${seconds(uncached - make)}`, 'at most make + 10 s')
  say('first GET, root and header packages there', `make x ${(cached / make).toFixed(2)}`, 'at most 1.1')
  say('a required load test before it', `${seconds(tested - cached)} more`, 'under 10 s')

  const roots = await timeRoots(work.dir)
  say(
    'composing a root against fetching and unpacking its packages',
    roots.composed.map((took, round) => (took / roots.bare[round]!).toFixed(2)).join(', '),
    'at most 1.5',
  )

  const before = await builds()
  const all = await timed(() =>
    Promise.all(
      Array.from({ length: 200 }, () =>
        curl(['-fsSL', '--max-time', '60', '-o', '/dev/null', `${registry.url}/${pathOf(second.release)}`]),
      ),
    ),
  )
  const got = all.result.filter(({ code }) => code === 0).length
  say(
    '200 GETs at once of one missing probe',
    `${got} got it, ${seconds(all.took)}`,
    `${(await builds()) - before} build; 200 and 1`,
  )

  await registry.stop()
  const SETTINGS_FILE = await secondDriver(join(work.dir, 'bare/driver-1'))
  const warm = await timed(() => startRegistry({ dataDir, port, env: { SETTINGS_FILE } }))
  registry = warm.result
  running = registry
  say('npm start, from nothing (set-up apart)', seconds(cold.took), '')
  say('npm start, warm (set-up apart)', seconds(warm.took), 'under 5 s')
  await firstGet(registry, newest.release)
  say(
    'memory of the whole stack after its first hit',
    `${(await residentMegabytes(registry.pid)).toFixed(0)} MB`,
    'under 500 MB',
  )

  const { hit, getItem } = await timeHits(
    `${registry.url}/${pathOf(newest.release)}`,
    join(dataDir, 'dynamodb'),
    join(work.dir, 'dynamodb'),
    pathOf(newest.release),
  )
  say(
    'hit against a bare GetItem',
    `${hit.toFixed(2)} / ${getItem.toFixed(2)} ms = ${(hit / getItem).toFixed(2)}`,
    'within 2',
  )
  const door = await hitsAtTheDoor(registry.url, pathOf(newest.release))
  say(
    'slowest hits beside an attack against beside plain 404s',
    `${door.attacked.toFixed(0)} / ${door.plain.toFixed(0)} ms = ${door.ratios.map((ratio) => ratio.toFixed(2)).join(', ')}`,
    `within 2; ${door.refused} of ${door.sent} refused`,
  )
  say('the same over a whole attack of a caller, from its first request', door.whole.toFixed(2), 'within 2')
  const bare = await bareTree(join(work.dir, 'bare'), newest.unameRelease)
  const own = await timeSubmissions(registry.url, bare.config, work.dir)
  say('bare olddefconfig, modules_prepare and module', seconds(bare.seconds), '')
  say(
    'submitted kernel, from its POST to the probe',
    `${(own.first / bare.seconds).toFixed(2)} times that`,
    'within 1.2',
  )
  say('the same of the next driver version', `make + ${seconds(own.next - make)}`, 'at most make + 3 s')
  say('POST of a known config of 260 KB', `${own.again.toFixed(0)} ms`, 'under 50 ms')
  const names = timeNames()
  say('reading a name', JSON.stringify(names), 'under 5 us')
}
