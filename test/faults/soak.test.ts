// Tests a registry under constant requests with one fault a minute: it gives only documented answers, and loses no probe.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LONG } from '../support/long.ts'
import { type Clock, clockOf } from '../support/registry/clock.ts'
import { BEHIND_PROXY, client, counted, crowd, type Told } from '../support/registry/crowd.ts'
import { type Disk, mountDisk } from '../support/registry/disk.ts'
import { eventually } from '../support/registry/eventually.ts'
import { allPaths, pinnedPath, probePath } from '../support/registry/probes.ts'
import { freePort } from '../support/registry/registry.ts'
import { stand } from '../support/registry/stand.ts'
import { type Answered, type Traffic, traffic } from '../support/registry/traffic.ts'

const MINUTES = LONG ? 60 : 5
const THERE = [pinnedPath('amd64'), pinnedPath('cloud-amd64')]

/** The test requests one of them each minute, each only once. */
const missing = allPaths().filter((path) => !THERE.includes(path))

/** The paths that each client requests again and again. */
const LISTS = [
  THERE,
  [`${THERE[0]}.asc`, `${THERE[0]}.json`, '/keys/falco-probes.asc', '/openapi.json'],
  ['/v1/probes', probePath('6.1.9999-1-amd64'), `${probePath('6.1.9999-1-amd64')}.json`, '/driver/none'],
]

const here = stand({ settings: BEHIND_PROXY, env: { DATA_ROOM: '64' } })
let port: number
let clock: Clock
let disk: Disk
const start = () => here.start({ port, env: { DATA_ROOM: '64', ...clock.env } })
beforeAll(async () => {
  port = await freePort()
  clock = clockOf(join(here.dir(), 'offset'))
  disk = await mountDisk(here.dataDir(), 1500)
  await start()
  for (const path of THERE) expect(await here.get(path, '--retry', '5')).toMatchObject({ code: 0 })
})
afterAll(async () => {
  await here.stop()
  await disk.unmount()
})

/** The times when the stack was stopping or not running: milliseconds since the epoch. */
const down: { readonly from: number; readonly to: number }[] = []

async function restart(signal: NodeJS.Signals): Promise<void> {
  const from = Date.now()
  await here.stop(signal)
  await start()
  down.push({ from, to: Date.now() })
}

const askedFor: string[] = []

async function crowdOn(path: string | undefined): Promise<void> {
  if (path === undefined) return
  askedFor.push(path)
  toldInCrowds.push(...(await crowd(here.registry().url + path, 200, 50_000)))
}

const toldInCrowds: Told[] = []

/** Makes the disk not writable for a while, and requests a missing probe meanwhile: its clients must be asked to retry. */
async function without(path: string | undefined, close: () => unknown, open: () => unknown): Promise<void> {
  await close()
  if (path !== undefined) toldInCrowds.push(...(await crowd(here.registry().url + path, 20, 5000)))
  await sleep(10_000)
  await open()
}

async function restartInBuild(signal: NodeJS.Signals, path: string | undefined): Promise<void> {
  const asked = crowdOn(path)
  await sleep(4000)
  await restart(signal)
  await asked
}

/** The faults, each shorter than a minute. `path`: a probe that no client has requested so far */
const FAULTS: readonly [string, (path: string | undefined) => Promise<unknown>][] = [
  ['it is killed while it builds', (path) => restartInBuild('SIGKILL', path)],
  [
    'its disk is full',
    async (path) => {
      await without(path, disk.fill, disk.empty)
    },
  ],
  [
    'its clock is set back by an hour',
    async (path) => {
      clock.set(-3600)
      await crowdOn(path)
    },
  ],
  ['it is stopped while it builds, and started', (path) => restartInBuild('SIGTERM', path)],
  [
    'its disk is not writable',
    async (path) => {
      await without(path, disk.cover, disk.uncover)
    },
  ],
  [
    'a crowd comes, and its clock is set forward by two hours',
    async (path) => {
      const asked = crowdOn(path)
      await sleep(3000)
      clock.set(7200)
      await asked
    },
  ],
]

const wasDown = ({ began, ended }: Answered): boolean =>
  down.some(({ from, to }) => ended >= from && began <= to)

/** The documented 503: a problem document with the reason, and Retry-After. */
function isOfContract({ status, body = '', retryAfter }: Answered): boolean {
  if (status !== 503 || !/^\d+$/.test(retryAfter ?? '')) return false
  const { code, title } = JSON.parse(body)
  return typeof code === 'string' && typeof title === 'string'
}

const residentMegabytes = (): number =>
  Math.round(
    Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${here.registry().pid}/status`, 'utf8'))?.[1]) /
      1024,
  )

const statuses = (all: readonly Answered[]): string =>
  [...Map.groupBy(all, ({ status }) => status)]
    .map(([status, those]) => `${those.length} x ${status}`)
    .join(', ')

async function minute(i: number): Promise<void> {
  const [what, happen] = FAULTS[i % FAULTS.length]!
  const ends = Date.now() + 60_000
  await happen(missing[i])
  // A client that retries.
  await eventually(`hits after: ${what}`, async () => (await here.get(THERE[0]!)).code === 0 || undefined, 60)
  console.log(`minute ${i + 1}: ${what}; ${residentMegabytes()} MB`)
  await sleep(Math.max(0, ends - Date.now()))
}

test(
  `in ${MINUTES} minutes with one fault a minute the only 5xx is the documented 503, and all requested probes are served`,
  async () => {
    const digests = async (paths: readonly string[]) =>
      Promise.all(
        paths.map(
          async (path) =>
            (await client({ address: '10.255.0.1', url: here.registry().url + path, patience: 120_000 }))
              .sha256,
        ),
      )
    const before = await digests(THERE)
    const asking: Traffic = traffic(here.registry().url, LISTS, 100)
    for (let i = 0; i < MINUTES; i += 1) await minute(i)
    await asking.end()
    console.log(`${asking.all.length} answers: ${statuses(asking.all)}`)

    const unexpected = asking.all
      .filter(({ status }) => status === 0 || status >= 500)
      .filter((it) => !(it.status === 0 ? wasDown(it) : isOfContract(it)))
    expect(unexpected).toEqual([])
    const inCrowds = counted(toldInCrowds)
    console.log(`in crowds: ${JSON.stringify(inCrowds)}`)
    const allowed = /^(200|307|503|error .*)$/
    expect(Object.keys(inCrowds).filter((status) => !allowed.test(status))).toEqual([])
    expect(inCrowds).toHaveProperty('503')
    expect(await digests(THERE)).toEqual(before)
    const asked = await digests(askedFor)
    expect(asked).not.toContain(undefined)
    expect(new Set(asked).size).toBe(asked.length)
    expect(await here.stop('SIGTERM')).toBe(0)
  },
  (MINUTES + 10) * 60_000,
)
