// Tests the promises of the domain without a network. End-to-end tests check the promises of the wire.

import { describe, expect, test } from 'vitest'
import { resultOf } from '../../functions/runtime/http.ts'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { sweep } from '../../lib/publish/sweep.ts'
import { MODULE_INFO } from '../support/objects.ts'
import { probeBytes } from '../support/probe.ts'
import { createWorld, DRIVER_VERSION, KEY, PATH, type WorldOptions } from '../support/world.ts'

const probe = probeBytes()
const HOUR = 3_600_000
const problemOf = (answer: Awaited<ReturnType<ReturnType<typeof createWorld>['get']>>) =>
  answer.tag === 'problem' ? answer.problem : undefined

async function published() {
  const world = createWorld({ probe })
  await world.get()
  await world.deliver()
  expect(world.state()).toMatchObject({ state: 'published' })
  return world
}

describe('nothing unverified is served', () => {
  const info = (from: string, to: string) => MODULE_INFO.map((line) => line.replace(from, to))
  test.each([
    ['of another kernel', probeBytes(info('6.1.0-1-amd64', '6.1.0-2-amd64'))],
    ['of another name', probeBytes(info('name=falco', 'name=evil'))],
    ['of another driver version', probeBytes(info('version=1.2.3', 'version=1.2.4'))],
    ['cut short', probe.subarray(0, probe.length / 2)],
    ['that is no module', new TextEncoder().encode('#!/bin/sh\nrm -rf /\n')],
    ['that is empty', new Uint8Array()],
    ['that is too large', new Uint8Array(DEFAULTS.build.maxProbeBytes + 1)],
  ])('a module %s is never published', async (_, bad) => {
    const world = createWorld({ probe: bad })
    await world.get()
    await world.deliver()
    expect(world.state()).toMatchObject({ state: 'failed' })
    expect([...world.memory.inside.objects.artifacts.keys()].filter((key) => !key.endsWith('.log'))).toEqual(
      [],
    )
  })
})

describe('one live build per missing probe', () => {
  test('even if 200 clients ask for it at the same time', async () => {
    const world = createWorld({ probe, verdict: 'passed' })
    const answers = await Promise.all(Array.from({ length: 200 }, () => world.get()))
    expect(answers.every(({ tag }) => tag === 'redirect')).toBe(true)
    expect(world.memory.inside.events).toHaveLength(1)
    await world.deliver(3)
    expect(world.memory.inside.builds.map(({ order }) => order.phase)).toEqual(['build', 'load-test'])
  })
})

describe('what is published never changes', () => {
  test('through later sweeps, requests and repeated events', async () => {
    const world = await published()
    const before = structuredClone(world.state())
    const objects = [...world.memory.inside.objects.artifacts.keys()]
    world.pass(48 * HOUR)
    await world.sweep()
    await world.get()
    await world.deliver(2)
    expect(world.state()).toEqual(before)
    expect([...world.memory.inside.objects.artifacts.keys()]).toEqual(objects)
  })
})

describe('builds are bounded per day and per caller', () => {
  const missing = (i: number) => PATH.replace('6.1.1-1', `6.1.1-${i + 1}`)

  test('a caller without budget causes no write, and does not block another caller', async () => {
    const world = createWorld({
      probe,
      settings: { budgets: { ...DEFAULTS.budgets, buildsPerDay: 500, requestsPerCallerPerDay: 2 } },
    })
    for (const i of [1, 2]) await world.get(missing(i))
    world.calls.length = 0
    const refused = problemOf(await world.get(missing(3)))
    expect(refused).toMatchObject({ status: 429, code: 'budget-spent', retryAfter: 12 * 3600 })
    expect(new Set(world.calls)).toEqual(new Set(['index.get', 'budgets.exhausted']))
    expect(await world.get(missing(3), { caller: '203.0.113.2' })).toMatchObject({ tag: 'redirect' })
  })

  test('after the daily build limit a probe fails until the next midnight, and is then built', async () => {
    const world = createWorld({
      probe,
      settings: { budgets: { ...DEFAULTS.budgets, buildsPerDay: 1, requestsPerCallerPerDay: 100 } },
    })
    await world.get(missing(1))
    await world.deliver()
    await world.get()
    await world.deliver()
    expect(problemOf(await world.get())).toMatchObject({
      status: 429,
      code: 'budget-spent',
      retryAfter: 12 * 3600,
    })
    world.pass(12 * HOUR)
    await world.get()
    await world.deliver()
    expect(world.state()).toMatchObject({ state: 'published' })
  })

  test('a published probe is served to callers without budget', async () => {
    const world = await published()
    expect(await world.get(PATH, { caller: 'spent' })).toMatchObject({ tag: 'redirect' })
  })
})

describe('a miss never looks like a hit', () => {
  test('no answer of a probe that is missing or failed is a 2xx, and none may be cached', async () => {
    const world = createWorld({ probe: undefined })
    const answers = [await world.get(PATH, { method: 'HEAD' }), await world.get()]
    await world.deliver()
    answers.push(await world.get(), await world.get(`${PATH}.asc`), await world.get(`${PATH}.sha256`))
    for (const answer of answers) {
      const { statusCode, headers } = resultOf(answer)
      expect(statusCode).toBeGreaterThanOrEqual(300)
      expect(headers).toMatchObject({ 'cache-control': 'no-store' })
    }
  })
})

describe('a failed probe', () => {
  test('is not rebuilt before its retry time, and its URL answers the reason', async () => {
    const world = createWorld({ probe: undefined })
    await world.get()
    await world.deliver()
    for (const hours of [0, 1, 22]) {
      world.pass(hours * HOUR)
      expect(problemOf(await world.get())).toMatchObject({
        status: 404,
        code: 'compile-error',
        detail: expect.stringContaining('main.c:1: error: no'),
        more: { log: `${PATH}.log`, retryAt: '2026-11-24T12:00:00.000Z' },
      })
    }
    expect(world.memory.inside.builds).toHaveLength(1)
    world.pass(2 * HOUR)
    await world.get()
    await world.deliver()
    expect(world.memory.inside.builds).toHaveLength(2)
  })
})

describe('a hit', () => {
  test('needs one read and no write', async () => {
    const world = await published()
    world.calls.length = 0
    expect(await world.get()).toMatchObject({
      tag: 'redirect',
      location: expect.stringContaining('memory://artifacts/'),
    })
    expect(world.calls).toEqual(['index.get'])
  })

  test('with a forged name needs one read and no write', async () => {
    const world = createWorld({ probe })
    const check = () => {
      throw new Error('refused')
    }
    const { resolve } = await import('../../lib/serve/resolve.ts')
    await expect(
      resolve({ ...world.resolvePorts, check }, { method: 'GET', path: PATH, caller: 'a' }),
    ).rejects.toThrow()
    expect(world.calls).toEqual(['index.get'])
  })
})

describe('the .json of a probe names its sources', () => {
  test('it has the driver source and the header packages, with their digests', async () => {
    const world = await published()
    const answer = await world.get(`${PATH}.json`)
    expect(answer).toMatchObject({
      tag: 'json',
      body: {
        state: 'published',
        url: `/${KEY}`,
        probe: { driverVersion: DRIVER_VERSION },
        manifest: {
          driverSource: { name: 'driver', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
          headers: [{ name: 'linux-headers', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
          compiler: 'gcc-12',
        },
      },
    })
  })
})

describe('a build with a lost end event', () => {
  const MINUTE = 60_000
  const begun = async (options: Partial<WorldOptions> = {}) => {
    const world = createWorld({ probe, ...options })
    await world.get()
    await world.plan()
    return world
  }
  const swept = async (world: Awaited<ReturnType<typeof begun>>) => {
    world.pass(MINUTE)
    await world.sweep()
    await world.plan()
  }

  test('is published at the next sweep', async () => {
    const world = await begun()
    await world.endUnheard()
    await swept(world)
    expect(world.state()).toMatchObject({ state: 'published' })
  })

  test('is reported as failed at the next sweep if it failed', async () => {
    const world = await begun({ probe: undefined })
    await world.endUnheard()
    await swept(world)
    expect(world.state()).toMatchObject({ state: 'failed', reason: 'compile-error' })
  })

  test('is left alone while it runs', async () => {
    const world = await begun()
    for (let minutes = 0; minutes < 5; minutes += 1) await swept(world)
    expect(world.calls).not.toContain('builder.stop')
    expect(world.state()).toMatchObject({ state: 'building' })
    await world.deliver()
    expect(world.state()).toMatchObject({ state: 'published' })
  })

  test.each(['overdue', 'open'] as const)(
    'is not changed by a sweep that reads a stale index, which has it as %s',
    async (how) => {
      const world = await begun()
      const late = await world.memory.index.open(100)
      expect(late).toHaveLength(1)
      await world.deliver()
      const { artifacts } = world.memory.inside.objects
      const seen = () => ({
        ...{ state: world.state(), builds: world.memory.inside.builds.length },
        objects: [...artifacts.keys()],
      })
      const before = seen()
      const { bus, log, now } = world.memory
      const index = {
        overdue: async () =>
          how === 'overdue' ? late.map(({ key, state: { id: claim } }) => ({ key, claim })) : [],
        open: async () => late,
      }
      expect(await sweep({ index, bus, log, now })).toBe(how === 'overdue' ? 1 : 0)
      await world.plan()
      expect(seen()).toEqual(before)
    },
  )

  test('has its load test found in the same way, and tested once', async () => {
    const world = await begun({
      verdict: 'passed',
      settings: { loadTest: { mode: 'required', maxSeconds: 60 } },
    })
    await world.end(KEY)
    await world.plan()
    await world.endUnheard()
    await swept(world)
    expect(world.state()).toMatchObject({ state: 'published', loadTest: { verdict: 'passed' } })
    await world.deliver()
    expect(world.memory.inside.builds).toHaveLength(2)
  })
})
