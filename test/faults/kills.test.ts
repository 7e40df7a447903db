// Tests kills of the stack at random moments while it builds and tests a probe: in the end the probe is published and tested,
// and its served bytes do not change.

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { LONG } from '../support/long.ts'
import { client } from '../support/registry/crowd.ts'
import { eventually } from '../support/registry/eventually.ts'
import { about, allPaths, pinnedPath } from '../support/registry/probes.ts'
import { curl, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'

/** Not more kills: the registry ends a load test that was interrupted three times, which is another promise. */
const KILLS = 2
const PROBES = LONG ? allPaths().slice(0, 15) : [pinnedPath('cloud-amd64')]
/** Seconds: a build, a boot, and some idle time after them. */
const LIFE = 30
const seed = LONG ? String(Date.now()) : '1'

/** A number below 1, the same for the same seed. */
const random = (of: string): number =>
  createHash('sha256').update(`${seed} ${of}`).digest().readUInt32BE() / 2 ** 32

const request = ({ url }: Registry, path: string) =>
  curl(['-sSL', '--max-time', '60', '-o', '/dev/null', url + path])

/** The digest of the bytes that the registry serves now. */
async function digestOf({ url }: Registry, path: string): Promise<string | undefined> {
  if ((await about(url + path)).state !== 'published') return undefined
  return (await client({ address: '127.0.0.1', url: url + path })).sha256
}

/** Requests the probe again and again, as clients do. */
const published = (registry: Registry, path: string) =>
  eventually(`${path} is published`, async () => {
    await request(registry, path)
    return digestOf(registry, path)
  })

const tested = (registry: Registry, path: string) =>
  eventually(`${path} is tested`, async () => {
    const { state, loadTest } = await about(registry.url + path)
    return state === 'published' && loadTest !== undefined ? loadTest : undefined
  })

/** Kills the stack at a random moment of the build. Resolves to the digest that was served before, if any. */
async function kill(dataDir: string, loadTest: 'recorded' | 'required', path: string, i: number) {
  const registry = await startRegistry({ dataDir, loadTest })
  const asked = request(registry, path)
  const seconds = LIFE * random(`${path} ${i}`)
  await sleep(seconds * 1000)
  const served = await digestOf(registry, path)
  expect(await registry.stop('SIGKILL')).toBe('SIGKILL')
  await asked
  console.log(
    `killed after ${seconds.toFixed(1)} s, ${served === undefined ? 'missing' : 'published'}: ${path}`,
  )
  return served
}

test(`after ${PROBES.length * KILLS} kills (seed ${seed}) each probe is published and tested, and its bytes are unchanged`, async () => {
  const data = await scratch()
  const dataDir = join(data.dir, 'data')
  const ends = new Map<string, string>()
  for (const [at, path] of PROBES.entries()) {
    const mode = at % 2 === 0 ? 'recorded' : 'required'
    const before: (string | undefined)[] = []
    for (let i = 0; i < KILLS; i += 1) before.push(await kill(dataDir, mode, path, i))
    const registry = await startRegistry({ dataDir, loadTest: mode })
    const digest = await published(registry, path)
    for (const served of before) expect([undefined, digest]).toContain(served)
    expect(await tested(registry, path)).toMatchObject({ verdict: 'passed' })
    ends.set(path, digest)
    for (const [other, its] of ends) expect(await digestOf(registry, other)).toBe(its)
    await registry.stop()
  }
  const undisturbed = await startRegistry({ dataDir: join(data.dir, 'undisturbed') })
  const [first, digest] = [...ends][0]!
  expect(await published(undisturbed, first)).toBe(digest)
  await undisturbed.stop()
  await data.remove()
}, 3_600_000)
