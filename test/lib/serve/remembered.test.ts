import { describe, expect, test } from 'vitest'
import type { Budgets, Sources } from '../../../lib/model/ports.ts'
import { rememberExhausted, rememberRecorded } from '../../../lib/serve/remembered.ts'
import { memoryBudgets, memorySources } from '../../support/memory.ts'

/** Counts the calls. */
function watched<T extends object>(port: T) {
  const calls: string[] = []
  const proxy = new Proxy(port, {
    get: (target, name) => {
      calls.push(String(name))
      return Reflect.get(target, name)
    },
  })
  return { port: proxy, looks: (name: string) => calls.filter((call) => call === name).length }
}

describe('the cache of a function', () => {
  test('has exhausted budgets for some seconds, and never budgets with a rest', async () => {
    let time = 0
    const { port, looks } = watched<Budgets>(memoryBudgets())
    const budgets = rememberExhausted(port, () => time, 5000)
    for (let i = 0; i < 3; i += 1) expect(await budgets.exhausted('b', 1)).toBe(false)
    expect(looks('exhausted')).toBe(3)
    await budgets.spend('b', 'claim', 1)
    for (let i = 0; i < 100; i += 1) expect(await budgets.exhausted('b', 1)).toBe(true)
    expect(looks('exhausted')).toBe(4)
    expect(await budgets.exhausted('b', 2)).toBe(false)
    await budgets.giveBack('b', 'claim')
    time = 5000
    expect(await budgets.exhausted('b', 1)).toBe(false)
  })

  test('has recorded sources, and never missing ones', async () => {
    let time = 0
    const { port, looks } = watched<Sources>(memorySources())
    const sources = rememberRecorded(port, () => time, 5000)
    const source = { name: 'scap', version: '1', url: 'http://m.invalid/a.deb', sha256: 'a'.repeat(64) }
    for (let i = 0; i < 3; i += 1) expect(await sources.recorded('1')).toBeUndefined()
    await sources.record('1', source)
    for (let i = 0; i < 100; i += 1) expect(await sources.recorded('1')).toEqual(source)
    expect(looks('recorded')).toBe(4)
    time = 5000
    await sources.recorded('1')
    expect(looks('recorded')).toBe(5)
  })
})
