import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { listen } from '../../../local/wire/server.ts'
import { createTurns, type HeadStart, inTurns } from '../../../local/wire/turns.ts'

const LONG = { ms: 60_000, mostMs: 60_000 }

/** Asks for turns of these kinds at the same moment. Returns the order in which they begin; each ends right after. */
async function orderOf(kinds: readonly string[], atOnce = 1): Promise<string[]> {
  const { begin } = createTurns({ atOnce, headStart: () => LONG })
  const began: string[] = []
  await Promise.all(
    kinds.map(async (kind, i) => {
      const ended = await begin(kind)
      began.push(`${kind}${i}`)
      await null
      ended()
    }),
  )
  return began
}

test('a request of another kind begins after at most two requests of a crowd', async () => {
  const crowd = Array.from({ length: 50 }, () => 'crowd')
  expect((await orderOf([...crowd, 'other'])).indexOf('other50')).toBeLessThanOrEqual(2)
})

test('requests of one kind begin in their order, and each begins once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      async (kinds, atOnce) => {
        const began = await orderOf(kinds, atOnce)
        expect(began.toSorted()).toEqual(kinds.map((kind, i) => `${kind}${i}`).toSorted())
        for (const kind of new Set(kinds)) {
          const own = began.filter((name) => name.startsWith(kind)).map((name) => Number(name.slice(1)))
          expect(own).toEqual(own.toSorted((a, b) => a - b))
        }
      },
    ),
  )
})

test('no more requests run at one time than the limit, and the next begins when one ends', async () => {
  const { begin } = createTurns({ atOnce: 2, headStart: () => LONG })
  const [first] = await Promise.all([begin('a'), begin('a')])
  let third = false
  const waits = begin('a').then(() => {
    third = true
  })
  await sleep(5)
  expect(third).toBe(false)
  first()
  first()
  await waits
  let fourth = false
  void begin('a').then(() => {
    fourth = true
  })
  await sleep(5)
  expect(fourth, 'an end that is told twice counts once').toBe(false)
})

/**
 * Of two places, one has a request that does not end. Returns the maximum number of quick requests that ran at one time
 * within so many milliseconds.
 */
async function quickBesideSlow(headStart: HeadStart, milliseconds: number): Promise<number> {
  const { begin } = createTurns({ atOnce: 2, headStart: () => headStart })
  await begin('slow')
  const until = performance.now() + milliseconds
  let [running, most] = [0, 0]
  const quick = async () => {
    while (performance.now() < until) {
      const ended = await begin('quick')
      most = Math.max(most, ++running)
      await sleep(2)
      running -= 1
      ended()
    }
  }
  await Promise.all([quick(), quick(), quick()])
  return most
}

test('a request that does not end keeps its place while others end, but no longer than its limit', async () => {
  expect(await quickBesideSlow({ ms: 150, mostMs: 60_000 }, 600)).toBe(1)
  expect(await quickBesideSlow({ ms: 150, mostMs: 300 }, 600)).toBe(2)
})

test('a request that does not end delays the next only for its head start', async () => {
  const { begin } = createTurns({ atOnce: 1, headStart: () => ({ ms: 10, mostMs: 60_000 }) })
  await begin('slow')
  const began = performance.now()
  await begin('next')
  expect(performance.now() - began).toBeGreaterThanOrEqual(8)
})

test('a request is not begun if its client has disconnected', async () => {
  const asked: string[] = []
  const first = Promise.withResolvers<void>()
  const service = inTurns(
    async ({ url = '' }, response) => {
      asked.push(url)
      if (url === '/first?') await first.promise
      response.end()
    },
    { atOnce: 1, headStart: () => LONG },
  )
  const server = await listen(service, { host: '127.0.0.1', port: 0 })
  const get = (path: string) => request({ host: '127.0.0.1', port: server.port, path }).on('error', () => {})
  const answered = (path: string) => new Promise((done) => get(path).on('response', done).end())
  const one = answered('/first?')
  await expect.poll(() => asked).toEqual(['/first?'])
  const gone = get('/gone').on('socket', (socket) =>
    socket.on('connect', () => sleep(50).then(() => gone.destroy())),
  )
  gone.end()
  await sleep(150)
  first.resolve()
  await one
  await answered('/last')
  expect(asked).toEqual(['/first?', '/last'])
  await server.close()
})
