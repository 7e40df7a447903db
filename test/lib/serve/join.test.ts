import { expect, test } from 'vitest'
import { createJoin } from '../../../lib/serve/join.ts'

const gate = () => Promise.withResolvers<string | undefined>()

test('callers that miss a probe at the same time request it once', async () => {
  const join = createJoin<string>()
  const { promise, resolve } = gate()
  let asked = 0
  const ask = () => {
    asked += 1
    return promise
  }
  const all = Array.from({ length: 100 }, () => join('a', ask))
  resolve(undefined)
  expect(await Promise.all(all)).toEqual(all.map(() => undefined))
  expect(asked).toBe(1)
})

test('a refusal applies to its caller only: the others request the probe themselves, at the same time', async () => {
  const join = createJoin<string>()
  const first = gate()
  const asked: number[] = []
  const all = [0, 1, 2].map((i) =>
    join('a', async () => {
      asked.push(i)
      return i === 0 ? first.promise : undefined
    }),
  )
  first.resolve('no budget')
  expect(await Promise.all(all)).toEqual(['no budget', undefined, undefined])
  expect(asked).toEqual([0, 1, 2])
})

test('a failure reaches its caller only, and the others request the probe themselves', async () => {
  const join = createJoin<string>()
  const first = gate()
  const failed = join('a', () => first.promise)
  const second = join('a', async () => undefined)
  first.reject(new Error('no table'))
  await expect(failed).rejects.toThrow('no table')
  expect(await second).toBeUndefined()
})

test('another probe and a later call are requested separately', async () => {
  const join = createJoin<string>()
  const asked: string[] = []
  const ask = (key: string) => join(key, async () => void asked.push(key) as undefined)
  await Promise.all([ask('a'), ask('b')])
  await ask('a')
  expect(asked).toEqual(['a', 'b', 'a'])
})
