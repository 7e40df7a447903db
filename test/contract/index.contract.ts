// The promises of an Index, run against every implementation.

import { beforeEach, describe, expect, test } from 'vitest'
import type { Clock, Index } from '../../lib/model/ports.ts'
import type { Failure, Publication, Source } from '../../lib/model/probe.ts'

const KEY = 'driver/1.2.3+driver/x86_64/falco_debian_6.1.1-1-amd64_1.ko'
const NOW = Date.UTC(2026, 10, 23)
const MINUTE = 60_000

const source: Source = {
  name: 'headers',
  version: '6.1~rc',
  url: 'http://mirror/h.deb',
  sha256: 'b'.repeat(64),
}
const PUBLICATION: Publication = {
  sha256: 'a'.repeat(64),
  bytes: 789_944,
  objectKey: `${KEY}/probe`,
  publishedAt: NOW + 7,
  provenance: {
    unameRelease: '6.1.0-1-amd64',
    driverSource: source,
    headers: [source, { ...source, name: 'common' }],
    compiler: 'gcc-12',
    compilerVersion: 'gcc-12 (Debian 12.2.0-14) 12.2.0',
    timings: { fetch: 0.25, compile: 5.5 },
  },
}
const FAILURE: Failure = {
  reason: 'compile-error',
  detail: 'error: too few arguments\nline 2',
  retryAt: NOW + 10 * MINUTE,
  logKey: `${KEY}/failed/c1.log`,
}

/** The key of another probe. */
const k = (patch: number): string => `driver/1/x86_64/falco_debian_6.1.${patch}-1-amd64_1.ko`

/** A claim of a minute. */
const claimed = (id: string, claimedAt = NOW) => ({ id, claimedAt, deadline: claimedAt + MINUTE })

/** `make`: an empty index. */
export function indexContract(make: () => Promise<Index>): void {
  let index: Index
  beforeEach(async () => {
    index = await make()
  })
  const state = () => index.get(KEY, { consistent: true })

  describe('a claim in the queue', () => {
    const PLACE = { ...claimed('c1'), caller: '203.0.113.1' }
    beforeEach(async () => {
      await index.claim(KEY, { ...PLACE, expiresAt: NOW + 10 * MINUTE })
    })

    test('records its caller, and the time of its plan', async () => {
      expect(await state()).toMatchObject({ caller: '203.0.113.1' })
      expect(await index.planned(KEY, 'c1', NOW + 1)).toMatchObject({ id: 'c1', plannedAt: NOW + 1 })
      expect(await index.planned(KEY, 'c2', NOW + 2)).toBeUndefined()
      expect(await state()).toMatchObject({ plannedAt: NOW + 1 })
    })

    test('records one sign of life in five seconds from all its waiting clients, and also one after the clock was set back', async () => {
      const signs = (at: number) => Promise.all(Array.from({ length: 10 }, () => index.waited(KEY, 'c1', at)))
      expect((await signs(NOW)).filter((held) => held)).toHaveLength(1)
      expect((await signs(NOW + 4999)).filter((held) => held)).toHaveLength(0)
      expect((await signs(NOW + 5000)).filter((held) => held)).toHaveLength(1)
      expect((await signs(NOW - 10 * MINUTE)).filter((held) => held)).toHaveLength(1)
      expect(await index.waited(KEY, 'c2', NOW + 10 * MINUTE)).toBe(false)
      expect(await state()).toMatchObject({ waitedAt: NOW - 10 * MINUTE })
    })

    test('keeps its place when it is queued again, and leaves the queue when its build starts', async () => {
      expect(await index.queued(KEY, 'c1', NOW + 1, NOW + 2 * MINUTE)).toBe(true)
      expect(await index.queued(KEY, 'c1', NOW + 5, NOW + 3 * MINUTE)).toBe(true)
      expect(await index.queued(KEY, 'c2', NOW + 5, NOW + 9 * MINUTE)).toBe(false)
      expect(await state()).toMatchObject({ queuedAt: NOW + 1, deadline: NOW + 3 * MINUTE })
      expect(await index.open(9)).toEqual([{ key: KEY, state: await state() }])
      await index.started(KEY, 'c1', { buildId: 'build:1', deadline: NOW + 20 * MINUTE })
      expect(await state()).not.toHaveProperty('queuedAt')
      expect(await index.queued(KEY, 'c1', NOW + 6, NOW + 9 * MINUTE)).toBe(false)
    })

    test('loses all fields of the queue when it fails or is claimed again', async () => {
      await index.planned(KEY, 'c1', NOW)
      await index.waited(KEY, 'c1', NOW)
      await index.queued(KEY, 'c1', NOW, NOW + MINUTE)
      await index.claim(KEY, claimed('c2', NOW + 2 * MINUTE))
      expect(await state()).toEqual({ state: 'building', attempt: 2, ...claimed('c2', NOW + 2 * MINUTE) })
      await index.waited(KEY, 'c2', NOW)
      await index.queued(KEY, 'c2', NOW, NOW + MINUTE)
      await index.fail(KEY, 'c2', FAILURE)
      expect(await state()).toEqual({ state: 'failed', attempt: 2, id: 'c2', ...FAILURE })
      expect(await index.open(9)).toEqual([])
    })

    test('may be that of a load test, with its probe, and a stopped test that made room counts as spared', async () => {
      const probe = { sha256: 'c'.repeat(64), bytes: 9 }
      await index.testing(KEY, 'c1', { test: 1, deadline: NOW + MINUTE, probe })
      await index.queued(KEY, 'c1', NOW + 1, NOW + MINUTE)
      expect(await state()).toMatchObject({ ...probe, phase: 'load-test', queuedAt: NOW + 1 })
      await index.testing(KEY, 'c1', { test: 1, deadline: NOW + MINUTE, buildId: 'build:1' })
      expect(await state()).not.toHaveProperty('queuedAt')
      expect(await index.spare(KEY, 'c1', { test: 1, buildId: 'build:2' })).toBe(false)
      expect(await index.spare(KEY, 'c1', { test: 2 })).toBe(false)
      expect(await index.spare(KEY, 'c1', { test: 1, buildId: 'build:1' })).toBe(true)
      expect(await index.spare(KEY, 'c1', { test: 1, buildId: 'build:1' })).toBe(false)
      expect(await state()).toMatchObject({ spared: 1, test: 1 })
      expect(await state()).not.toHaveProperty('buildId')
      await index.publish(KEY, 'c1', PUBLICATION)
      expect(await state()).toEqual({ state: 'published', attempt: 1, id: 'c1', ...PUBLICATION })
    })

    test('of a published probe in its load test loses all fields of the queue with the verdict', async () => {
      await index.publish(KEY, 'c1', PUBLICATION, { test: 1, deadline: NOW + MINUTE })
      await index.queued(KEY, 'c1', NOW, NOW + MINUTE)
      expect(await index.open(9)).toMatchObject([{ key: KEY, state: { state: 'published', queuedAt: NOW } }])
      await index.spare(KEY, 'c1', { test: 1 })
      const verdict = { verdict: 'passed' as const, reason: '', checked: [], lines: [] }
      await index.verdict(KEY, 'c1', verdict)
      expect(await state()).toEqual({
        ...{ state: 'published', attempt: 1, id: 'c1', ...PUBLICATION },
        loadTest: verdict,
      })
      expect(await index.open(9)).toEqual([])
    })
  })

  describe('a claim', () => {
    test('of an absent probe is its first attempt', async () => {
      expect(await state()).toBeUndefined()
      expect(await index.claim(KEY, claimed('c1'))).toBe(1)
      expect(await state()).toEqual({ state: 'building', attempt: 1, ...claimed('c1') })
    })

    test('has one winner among many concurrent ones', async () => {
      const names = Array.from({ length: 50 }, (_, i) => `c${i}`)
      const attempts = await Promise.all(names.map((name) => index.claim(KEY, claimed(name))))
      const winners = names.filter((_, i) => attempts[i] !== undefined)
      expect(winners).toHaveLength(1)
      expect(await state()).toMatchObject({ state: 'building', id: winners[0], attempt: 1 })
    })

    test('is not taken over before its deadline', async () => {
      await index.claim(KEY, claimed('c1'))
      expect(await index.claim(KEY, claimed('c2', NOW + MINUTE - 1))).toBeUndefined()
      expect(await state()).toMatchObject({ id: 'c1', attempt: 1 })
    })

    test('is taken over at its deadline by exactly one other', async () => {
      await index.claim(KEY, claimed('c0'))
      await index.started(KEY, 'c0', { buildId: 'build:1', deadline: NOW + 2 * MINUTE })
      const names = Array.from({ length: 20 }, (_, i) => `d${i}`)
      const late = NOW + 2 * MINUTE
      const attempts = await Promise.all(names.map((name) => index.claim(KEY, claimed(name, late))))
      expect(attempts.filter((attempt) => attempt !== undefined)).toEqual([2])
      const winner = names.find((_, i) => attempts[i] !== undefined)!
      // No field of the earlier claim is left, above all not its build.
      expect(await state()).toEqual({ state: 'building', attempt: 2, ...claimed(winner, late) })
    })

    test('with an impossibly late deadline is taken over: it dates from before the clock was set back', async () => {
      await index.claim(KEY, claimed('c1', NOW + 6 * 60 * MINUTE))
      expect(await index.claim(KEY, claimed('c2'))).toBe(2)
      expect(await index.claim(KEY, claimed('c3'))).toBeUndefined()
      await index.started(KEY, 'c2', { buildId: 'build:1', deadline: NOW + 66 * MINUTE })
      expect(await index.claim(KEY, claimed('c3'))).toBeUndefined()
    })

    test('of one probe does not claim another', async () => {
      await index.claim(KEY, claimed('c1'))
      expect(await index.claim(KEY.replace('.ko', '.o'), claimed('c2'))).toBe(1)
    })
  })

  describe('a started build', () => {
    test('is recorded with its own deadline', async () => {
      await index.claim(KEY, claimed('c1'))
      expect(await index.started(KEY, 'c1', { buildId: 'build:1', deadline: NOW + 9 * MINUTE })).toBe(true)
      const build = { buildId: 'build:1', deadline: NOW + 9 * MINUTE }
      expect(await state()).toEqual({ state: 'building', attempt: 1, ...claimed('c1'), ...build })
    })

    test('may be recorded twice', async () => {
      await index.claim(KEY, claimed('c1'))
      const build = { buildId: 'build:1', deadline: NOW + 9 * MINUTE }
      await index.started(KEY, 'c1', build)
      expect(await index.started(KEY, 'c1', build)).toBe(true)
    })

    test('without a claim, or under a lost one, is not recorded', async () => {
      const build = { buildId: 'build:1', deadline: NOW + 9 * MINUTE }
      expect(await index.started(KEY, 'c1', build)).toBe(false)
      expect(await state()).toBeUndefined()
      await index.claim(KEY, claimed('c2'))
      expect(await index.started(KEY, 'c1', build)).toBe(false)
      expect(await state()).toEqual({ state: 'building', attempt: 1, ...claimed('c2') })
    })
  })

  describe('a published probe', () => {
    const published = { state: 'published', attempt: 1, id: 'c1', ...PUBLICATION }
    const publish = async () => {
      await index.claim(KEY, claimed('c1'))
      await index.started(KEY, 'c1', { buildId: 'build:1', deadline: NOW + MINUTE })
      return index.publish(KEY, 'c1', PUBLICATION)
    }

    test('is read back as it was written, without the fields of the claim', async () => {
      expect(await publish()).toBe(true)
      expect(await state()).toEqual(published)
    })

    test('is read back even if its build reported nothing', async () => {
      await index.claim(KEY, claimed('c1'))
      const provenance = { ...PUBLICATION.provenance, headers: [], compilerVersion: '', timings: {} }
      await index.publish(KEY, 'c1', { ...PUBLICATION, provenance })
      expect(await state()).toMatchObject({ state: 'published', provenance })
    })

    test('never changes', async () => {
      await publish()
      const later = NOW + 1000 * MINUTE
      expect(await index.claim(KEY, claimed('c2', later))).toBeUndefined()
      expect(await index.claim(KEY, claimed('c1', later))).toBeUndefined()
      expect(await index.publish(KEY, 'c1', { ...PUBLICATION, bytes: 1 })).toBe(false)
      expect(await index.fail(KEY, 'c1', FAILURE)).toBe(false)
      expect(await index.started(KEY, 'c1', { buildId: 'build:2', deadline: later })).toBe(false)
      expect(await state()).toEqual(published)
    })

    test('is published only by the holder of the claim: a late publisher loses', async () => {
      await index.claim(KEY, claimed('c1'))
      await index.claim(KEY, claimed('c2', NOW + MINUTE))
      expect(await index.publish(KEY, 'c1', PUBLICATION)).toBe(false)
      expect(await index.publish('never/claimed', 'c1', PUBLICATION)).toBe(false)
      expect(await state()).toMatchObject({ state: 'building', id: 'c2' })
      expect(await index.get('never/claimed', { consistent: true })).toBeUndefined()
    })

    test('is published once, even by several concurrent calls', async () => {
      await index.claim(KEY, claimed('c1'))
      const sizes = Array.from({ length: 10 }, (_, bytes) => bytes)
      const tries = sizes.map((bytes) => index.publish(KEY, 'c1', { ...PUBLICATION, bytes }))
      const results = await Promise.all(tries)
      expect(results.filter((won) => won)).toHaveLength(1)
      expect(await state()).toMatchObject({ state: 'published', bytes: results.indexOf(true) })
    })
  })

  describe('a failed probe', () => {
    test('is read back as it was written, with and without a log', async () => {
      await index.claim(KEY, claimed('c1'))
      expect(await index.fail(KEY, 'c1', FAILURE)).toBe(true)
      expect(await state()).toEqual({ state: 'failed', attempt: 1, id: 'c1', ...FAILURE })
      await index.claim(KEY, claimed('c2', FAILURE.retryAt))
      const { logKey: _, ...unlogged } = FAILURE
      await index.fail(KEY, 'c2', unlogged)
      expect(await state()).toEqual({ state: 'failed', attempt: 2, id: 'c2', ...unlogged })
    })

    test('cannot be claimed before its retry time, and then only by one', async () => {
      await index.claim(KEY, claimed('c1'))
      await index.fail(KEY, 'c1', FAILURE)
      expect(await index.claim(KEY, claimed('c2', FAILURE.retryAt - 1))).toBeUndefined()
      const names = Array.from({ length: 20 }, (_, i) => `d${i}`)
      const tries = names.map((name) => index.claim(KEY, claimed(name, FAILURE.retryAt)))
      const attempts = await Promise.all(tries)
      expect(attempts.filter((attempt) => attempt !== undefined)).toEqual([2])
      const winner = names.find((_, i) => attempts[i] !== undefined)!
      expect(await state()).toEqual({ state: 'building', attempt: 2, ...claimed(winner, FAILURE.retryAt) })
    })

    test('with an impossibly late retry time can be claimed: it failed before the clock was set back', async () => {
      await index.claim(KEY, claimed('c1'))
      await index.fail(KEY, 'c1', { ...FAILURE, retryAt: NOW + 24 * 60 * MINUTE })
      expect(await index.claim(KEY, claimed('c2'))).toBeUndefined()
      expect(await index.claim(KEY, claimed('c2', NOW - 48 * 60 * MINUTE))).toBe(2)
    })

    test('cannot be published or failed again by the same claim', async () => {
      await index.claim(KEY, claimed('c1'))
      await index.fail(KEY, 'c1', FAILURE)
      expect(await index.publish(KEY, 'c1', PUBLICATION)).toBe(false)
      expect(await index.fail(KEY, 'c1', { ...FAILURE, reason: 'build-lost' })).toBe(false)
      expect(await state()).toMatchObject({ state: 'failed', reason: 'compile-error' })
    })

    test('is failed only by the holder of the claim: a late one loses', async () => {
      await index.claim(KEY, claimed('c1'))
      await index.claim(KEY, claimed('c2', NOW + MINUTE))
      expect(await index.fail(KEY, 'c1', FAILURE)).toBe(false)
      expect(await state()).toMatchObject({ state: 'building', id: 'c2' })
    })
  })

  describe('a list', () => {
    const all = async (release?: string, limit = 2) => {
      const keys: string[] = []
      let cursor: string | undefined
      do {
        const page = await index.list({ release, cursor, limit })
        expect(page.items.length).toBeLessThanOrEqual(limit)
        keys.push(...page.items.map(({ key }) => key))
        cursor = page.next
      } while (cursor !== undefined)
      return keys.sort()
    }

    test('has every probe once over all pages, with its state', async () => {
      const keys = [1, 2, 3, 4, 5].map(k)
      for (const key of keys) await index.claim(key, claimed('c1'))
      await index.publish(k(3), 'c1', PUBLICATION)
      expect(await all()).toEqual(keys)
      expect(await all(undefined, 100)).toEqual(keys)
      const { items } = await index.list({ limit: 100 })
      expect(items.find(({ key }) => key === k(3))?.state).toMatchObject({ state: 'published' })
    })

    test('of a kernel release has its probes in any state, and no others', async () => {
      const kernel = [KEY, KEY.replace('.ko', '.o'), KEY.replace('driver/1.2.3', 'driver/1.2.4')]
      for (const key of [...kernel, k(1), k(2)]) await index.claim(key, claimed('c1'))
      await index.publish(KEY, 'c1', PUBLICATION)
      await index.fail(kernel[1]!, 'c1', FAILURE)
      expect(await all('6.1.1-1-amd64')).toEqual([...kernel, k(1)].sort())
      expect(await all('6.1.9-1-amd64')).toEqual([])
    })

    test('of an empty index is empty', async () => {
      expect(await index.list({ limit: 10 })).toEqual({ items: [] })
    })
  })

  describe('a load test', () => {
    const [soon, late] = [NOW + 2 * MINUTE, NOW + 12 * MINUTE]
    const beforeIt = async () => {
      await index.claim(KEY, claimed('c1'))
      await index.started(KEY, 'c1', { buildId: 'build:1', deadline: NOW + MINUTE })
    }
    /** The test runs before the probe is published, or after. */
    const WAYS = [
      ['required', beforeIt, { state: 'building', phase: 'load-test' }],
      [
        'recorded',
        async () => {
          await beforeIt()
          await index.publish(KEY, 'c1', PUBLICATION, { test: 1, deadline: soon })
        },
        { state: 'published', ...PUBLICATION },
      ],
    ] as const

    test.each(WAYS)(
      'that is %s is requested by one caller only, and its build is recorded',
      async (mode, prepare, is) => {
        await prepare()
        const first = mode === 'required' ? 1 : 2
        const asked = await Promise.all(
          Array.from({ length: 10 }, () => index.testing(KEY, 'c1', { test: first, deadline: soon })),
        )
        expect(asked.filter(Boolean)).toEqual([true])
        expect(await state()).toMatchObject({ ...is, test: first, deadline: soon })
        expect(await state()).not.toHaveProperty('buildId')
        const run = { test: first, deadline: late, buildId: 'test:1' }
        expect(await index.testing(KEY, 'c1', run)).toBe(true)
        expect(await index.testing(KEY, 'c1', run)).toBe(true)
        expect(await state()).toMatchObject({ ...is, ...run })
      },
    )

    test.each(WAYS)('that is %s is replaced by the next one, never by an earlier one', async (_, prepare) => {
      await prepare()
      await index.testing(KEY, 'c1', { test: 2, deadline: soon })
      expect(await index.testing(KEY, 'c1', { test: 1, deadline: late })).toBe(false)
      expect(await index.testing(KEY, 'c1', { test: 1, deadline: late, buildId: 'test:1' })).toBe(false)
      expect(await index.testing(KEY, 'c1', { test: 3, deadline: late, buildId: 'test:3' })).toBe(false)
      expect(await index.testing(KEY, 'c2', { test: 3, deadline: late })).toBe(false)
      expect(await index.testing(KEY, 'c1', { test: 3, deadline: late })).toBe(true)
      expect(await state()).toMatchObject({ test: 3, deadline: late })
    })

    test.each(WAYS)(
      'that is %s and broke off is replaced by the next one, from the state that it left',
      async (_, prepare) => {
        await prepare()
        await index.testing(KEY, 'c1', { test: 2, deadline: soon })
        await index.testing(KEY, 'c1', { test: 2, deadline: soon, buildId: 'test:2' })
        const left = { ...PUBLICATION, ...((await state()) as object) }
        expect(await index.testing(KEY, 'c1', { test: 3, deadline: late, probe: left })).toBe(true)
        expect(await state()).toMatchObject({ test: 3, deadline: late, sha256: PUBLICATION.sha256 })
        expect(await state()).not.toHaveProperty('buildId')
      },
    )

    test.each(WAYS)('that is %s is overdue past its deadline', async (_, prepare) => {
      await prepare()
      await index.testing(KEY, 'c1', { test: 2, deadline: soon })
      expect(await index.overdue(soon - 1, 10)).toEqual([])
      expect(await index.overdue(soon, 10)).toEqual([{ key: KEY, claim: 'c1' }])
    })

    test('ends with its verdict: no field of it is left, and no other test follows', async () => {
      await beforeIt()
      await index.publish(KEY, 'c1', PUBLICATION, { test: 1, deadline: soon })
      await index.testing(KEY, 'c1', { test: 1, deadline: late, buildId: 'test:1' })
      const loadTest = { verdict: 'passed', reason: 'it loads', checked: ['insmod'], lines: [] } as const
      expect(await index.verdict(KEY, 'c1', loadTest)).toBe(true)
      expect(await state()).toEqual({ state: 'published', attempt: 1, id: 'c1', ...PUBLICATION, loadTest })
      expect(await index.overdue(late + MINUTE, 10)).toEqual([])
      expect(await index.testing(KEY, 'c1', { test: 2, deadline: late })).toBe(false)
      expect(await index.verdict(KEY, 'c1', { ...loadTest, verdict: 'failed' })).toBe(false)
    })

    test('that runs before the publication is forgotten with its claim', async () => {
      await beforeIt()
      await index.testing(KEY, 'c1', { test: 1, deadline: soon })
      await index.claim(KEY, claimed('c2', soon))
      expect(await state()).toEqual({ state: 'building', attempt: 2, ...claimed('c2', soon) })
      await index.testing(KEY, 'c2', { test: 1, deadline: late })
      await index.publish(KEY, 'c2', PUBLICATION)
      expect(await state()).toEqual({ state: 'published', attempt: 2, id: 'c2', ...PUBLICATION })
      expect(await index.overdue(late + MINUTE, 10)).toEqual([])
    })

    test('of an unknown or a failed probe is not started', async () => {
      expect(await index.testing(KEY, 'c1', { test: 1, deadline: soon })).toBe(false)
      expect(await state()).toBeUndefined()
      await index.claim(KEY, claimed('c1'))
      await index.fail(KEY, 'c1', FAILURE)
      expect(await index.testing(KEY, 'c1', { test: 1, deadline: soon })).toBe(false)
    })
  })

  describe('the list of overdue claims', () => {
    const claimAll = (deadlines: readonly number[]) =>
      Promise.all(
        deadlines.map((deadline) =>
          index.claim(k(deadline), { id: `c${deadline}`, claimedAt: NOW, deadline: NOW + deadline }),
        ),
      )
    const overdue = async (after: number, limit = 100) =>
      (await index.overdue(NOW + after, limit)).map(({ key }) => key)

    test('has the claims past their deadline, oldest first', async () => {
      await claimAll([30, 4, 200, 31, 9])
      expect(await overdue(30)).toEqual([k(4), k(9), k(30)])
      expect(await overdue(3)).toEqual([])
      expect(await overdue(1000, 2)).toEqual([k(4), k(9)])
    })

    test('has claims with an impossibly late deadline after those past their deadline', async () => {
      await claimAll([2, 9 * 60 * MINUTE, 60 * MINUTE])
      expect(await overdue(5)).toEqual([k(2), k(9 * 60 * MINUTE)])
      expect(await overdue(5, 1)).toEqual([k(2)])
    })

    test('names the claim', async () => {
      await claimAll([4])
      await index.started(k(4), 'c4', { buildId: 'build:1', deadline: NOW + 5 })
      expect(await index.overdue(NOW + 4, 10)).toEqual([])
      expect(await index.overdue(NOW + 5, 10)).toEqual([{ key: k(4), claim: 'c4' }])
    })

    test('has no probe that was published, failed or claimed again', async () => {
      await claimAll([1, 2, 3, 4])
      await index.publish(k(1), 'c1', PUBLICATION)
      await index.fail(k(2), 'c2', FAILURE)
      await index.claim(k(3), claimed('d3', NOW + 10))
      expect(await overdue(10)).toEqual([k(4)])
    })
  })
}

/** The promises for claims without a build. `make`: an empty index. */
export function expiringContract(make: (now: Clock) => Promise<Index>): void {
  let index: Index
  let time: number
  beforeEach(async () => {
    time = NOW
    index = await make(() => time)
  })
  const state = () => index.get(KEY, { consistent: true })
  const claim = (name = 'c1') => index.claim(KEY, { ...claimed(name, time), expiresAt: time + 2 * MINUTE })
  const { logKey: _, ...failure } = FAILURE

  test('a claim without a result disappears when it expires, not before', async () => {
    await claim()
    time = NOW + 2 * MINUTE - 1
    expect(await state()).toMatchObject({ state: 'building' })
    time += 1
    expect(await state()).toBeUndefined()
    expect(await claim('c2')).toBeGreaterThan(0)
    expect(await state()).toMatchObject({ state: 'building', id: 'c2' })
  })

  test('a failure without a build disappears at its retry time, and cannot be claimed before', async () => {
    await claim()
    await index.fail(KEY, 'c1', { ...failure, expiresAt: failure.retryAt })
    time = failure.retryAt - 1
    expect(await state()).toMatchObject({ state: 'failed', reason: 'compile-error' })
    expect(await claim('c2')).toBeUndefined()
    time += 1
    expect(await state()).toBeUndefined()
    expect(await claim('c2')).toBeGreaterThan(0)
  })

  test.each<[string, (of: Index) => Promise<unknown>]>([
    ['a build that was started', (of) => of.started(KEY, 'c1', { buildId: 'b', deadline: NOW + MINUTE })],
    ['what is published', (of) => of.publish(KEY, 'c1', PUBLICATION)],
    ['a failure of a build', (of) => of.fail(KEY, 'c1', FAILURE)],
    ['an alias', (of) => of.alias(KEY, 'c1', k(1))],
  ])('%s never expires', async (_, settle) => {
    await claim()
    await settle(index)
    time += 1000 * 24 * 60 * MINUTE
    expect(await state()).toBeDefined()
  })

  test('an open claim past its deadline is still listed as overdue after it has expired', async () => {
    await claim()
    time += 3 * MINUTE
    expect(await index.overdue(time, 10)).toEqual([{ key: KEY, claim: 'c1' }])
    expect(await index.fail(KEY, 'c1', FAILURE)).toBe(true)
  })
}
