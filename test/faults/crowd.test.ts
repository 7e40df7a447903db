// Tests many clients that request one missing probe while others request a published one, and requests for many missing probes.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { LONG } from '../support/long.ts'
import { BEHIND_PROXY, client, counted, crowd, type Told } from '../support/registry/crowd.ts'
import { allPaths, pinnedPath } from '../support/registry/probes.ts'
import type { Registry } from '../support/registry/registry.ts'
import { stand } from '../support/registry/stand.ts'

const THERE = pinnedPath('amd64')

const here = stand({ settings: BEHIND_PROXY })
let registry: Registry
beforeAll(async () => {
  registry = await here.start()
  expect((await client({ address: '10.255.0.1', url: registry.url + THERE })).sha256).toBeDefined()
})
const builds = () =>
  readdirSync(join(registry.dataDir, 'builds')).filter((name) => name.endsWith('.log')).length
const served = (all: readonly Told[]) => all.filter(({ sha256 }) => sha256 !== undefined).length

/** Requests the published probe again and again, until the returned function is called. */
function hitting(): () => Promise<Told[]> {
  const hits: Told[] = []
  let goesOn = true
  const done = (async () => {
    while (goesOn) {
      hits.push(await client({ address: '10.255.0.2', url: registry.url + THERE, patience: 0 }))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  return async () => {
    goesOn = false
    await done
    return hits
  }
}

test(`${LONG ? 5000 : 1000} clients all get one missing probe from one build, and hits continue meanwhile`, async () => {
  const before = builds()
  const end = hitting()
  const all = await crowd(registry.url + pinnedPath('cloud-amd64'), LONG ? 5000 : 1000, 120_000)
  const hits = await end()
  expect(counted(all)).not.toHaveProperty('500')
  expect(served(all)).toBe(all.length)
  expect(new Set(all.map(({ sha256 }) => sha256)).size).toBe(1)
  expect(builds() - before).toBe(1)
  expect(all.filter(({ unsaid = 0 }) => unsaid > 0)).toEqual([])
  expect(counted(hits)).toEqual({ 200: hits.length, 307: hits.length })
  expect(hits.length).toBeGreaterThan(10)
})

const FOUR = [
  pinnedPath('amd64', 'o'),
  pinnedPath('cloud-amd64', 'o'),
  pinnedPath('rt-amd64'),
  pinnedPath('rt-amd64', 'o'),
]
/** A probe for each kernel of the archive, but at most thirty. */
const MANY = allPaths()
  .filter((path) => path !== THERE)
  .slice(0, 30)
const wanted = LONG ? MANY : FOUR
/** The builds run one after the other, on a machine that may be busy. */
const PATIENCE_MS = wanted.length * 30_000

describe(`${wanted.length} requests for missing probes at once, with one builder`, () => {
  test(
    'each client gets its own probe, and the waiting ones see their places in the queue',
    async () => {
      const asked = Promise.all(
        wanted.map((path, i) =>
          client({ address: `10.254.${i}.1`, url: registry.url + path, patience: PATIENCE_MS }),
        ),
      )
      const places = watchPlaces(wanted)
      const all = await asked
      expect(served(all)).toBe(wanted.length)
      const told = await places()
      expect(told).toContainEqual(expect.objectContaining({ position: 1 }))
      expect(told).toContainEqual(
        expect.objectContaining({ position: 2, expectedSeconds: expect.any(Number) }),
      )
      expect(registry.output()).toMatch(/: waiting, for a builder/)
      expect(failures()).toEqual([])
    },
    PATIENCE_MS + 60_000,
  )
})

/** Collects the places in the queue from `.json`, until the returned function is called. */
function watchPlaces(paths: readonly string[]): () => Promise<unknown[]> {
  const told: unknown[] = []
  let goesOn = true
  const done = (async () => {
    while (goesOn) {
      for (const path of paths) {
        const answer = await fetch(`${registry.url}${path}.json`)
        const { queue } = (await answer.json()) as { queue?: unknown }
        if (queue !== undefined) told.push(queue)
      }
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  })()
  return async () => {
    goesOn = false
    await done
    return told
  }
}

/** The lines of the functions' logs about failed builds. */
const failures = () =>
  readdirSync(join(registry.dataDir, 'logs'))
    .flatMap((name) => readFileSync(join(registry.dataDir, 'logs', name), 'utf8').split('\n'))
    .filter((line) => /"(build|plan) failed"/.test(line))
