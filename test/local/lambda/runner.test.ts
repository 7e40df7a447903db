// Tests the runner of one function. The test writes the asset of the function.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { accountExecutions } from '../../../local/lambda/executions.ts'
import { createRunner, type Outcome, type Runner } from '../../../local/lambda/runner.ts'
import type { JsonObject } from '../../../local/wire/json.ts'

const THREAD = "exports.handler = async () => require('node:worker_threads').threadId"

const MB = 1024 * 1024

/** `said`: the log of the function; `told`: the entries that Lambda adds to it. */
function runnerOf(
  source: string,
  {
    idleMs = 60_000,
    atOnce = Number.POSITIVE_INFINITY,
    mostMb = undefined as number | undefined,
    isForEvents = false,
    environment = () => ({ variables: { ITS: 'own' }, until: Number.POSITIVE_INFINITY }),
  } = {},
): { runner: Runner; said: () => string; told: JsonObject[] } {
  const asset = mkdtempSync(join(tmpdir(), 'asset-'))
  writeFileSync(join(asset, 'index.js'), source)
  const lines: string[] = []
  const told: JsonObject[] = []
  const runner = createRunner({
    setup: {
      ...{ asset, handler: 'index.handler', functionName: 'it', functionVersion: '1' },
      ...{ memoryMb: 128, isForEvents, mostBytes: mostMb === undefined ? undefined : mostMb * MB },
    },
    ...{ environment, now: Date.now, atOnce, heapMb: 64, timeoutMs: 20_000, idleMs },
    executions: accountExecutions(10, new Map())('it'),
    log: {
      line: (text) => void lines.push(text),
      write: (chunk) => void lines.push(String(chunk)),
      entry: (entry) => void told.push(entry),
    },
  })
  onTestFinished(async () => {
    await runner.stop()
    rmSync(asset, { recursive: true })
  })
  return { runner, told, said: () => lines.join('\n') }
}

test('consecutive calls run in the same worker, which sees only the environment of its function', async () => {
  const { runner } = runnerOf(
    "exports.handler = async () => [require('node:worker_threads').threadId, { ...process.env }]",
  )
  const [first, second] = [await runner.invoke('{}', 'arn:it'), await runner.invoke('{}', 'arn:it')]
  expect(first).toEqual(second)
  expect(first).toMatchObject({ tag: 'answer', payload: expect.stringMatching(/^\[\d+,\{"ITS":"own"\}\]$/) })
})

test('an idle worker ends after its idle time, and the next call starts another', async () => {
  const { runner } = runnerOf(THREAD, { idleMs: 50 })
  const first = await runner.invoke('{}', 'arn:it')
  await sleep(500)
  const second = await runner.invoke('{}', 'arn:it')
  expect(second).toMatchObject({ tag: 'answer' })
  expect(second).not.toEqual(first)
})

test('a worker gets no new call after its end time, and finishes the call that it runs', async () => {
  let begun = 0
  const environment = () => ({ variables: { ITS: String(++begun) }, until: Date.now() + 500 })
  const { runner } = runnerOf(
    'exports.handler = async (ms) => (await new Promise((done) => setTimeout(done, ms)), process.env.ITS)',
    { environment },
  )
  const long = runner.invoke('1500', 'arn:it')
  expect(await runner.invoke('0', 'arn:it')).toEqual({ tag: 'answer', payload: '"1"' })
  await sleep(600)
  expect(await runner.invoke('0', 'arn:it')).toEqual({ tag: 'answer', payload: '"2"' })
  expect(await long).toEqual({ tag: 'answer', payload: '"1"' })
})

test('an error in an asset is reported with a short trace, without the source of the worker', async () => {
  const { runner, said } = runnerOf('exports.other = 1')
  const outcome = await runner.invoke('{}', 'arn:it')
  expect(outcome).toMatchObject({
    tag: 'failed',
    message: expect.stringMatching(/index\.handler of \S+ is not a function/),
  })
  const { message } = outcome as { message: string }
  expect(message).toContain('at loadHandler (worker.js:')
  expect(message.length + said().length).toBeLessThan(4000)
})

test('a function that handles events runs at a lower priority, and so do its child processes', async () => {
  const source = `
    const { execFileSync } = require('node:child_process')
    exports.handler = async () => [require('node:os').getPriority(), Number(execFileSync('/usr/bin/nice'))]`
  const outcomes = [true, false].map((isForEvents) =>
    runnerOf(source, { isForEvents }).runner.invoke('{}', 'arn:it'),
  )
  const [ours, lower] = [getPriority(), Math.min(getPriority() + 10, 19)]
  expect(await Promise.all(outcomes)).toEqual([
    { tag: 'answer', payload: JSON.stringify([lower, lower]) },
    { tag: 'answer', payload: JSON.stringify([ours, ours]) },
  ])
})

describe('a worker that runs one invocation at a time, as in AWS,', () => {
  const apart = { atOnce: 1, mostMb: 48 }
  /** Allocates so many megabytes, of buffers or of its heap, and frees them when it returns. */
  const HOLDS = `exports.handler = async ({ buffers = 0, heap = 0 }) => {
    const held = []
    for (let i = 0; i < buffers; i += 1) {
      held.push(Buffer.alloc(${MB}, i))
      await new Promise((done) => setTimeout(done, 1))
    }
    for (let i = 0; i < heap; i += 1) held.push(new Array(${MB} / 8).fill(i + 0.5))
    return [require('node:worker_threads').threadId, held.length]
  }`
  const thread = (outcome: Outcome): number =>
    outcome.tag === 'answer' ? (JSON.parse(outcome.payload) as number[])[0]! : Number.NaN

  test('runs in parallel with another worker, and is reused for a later invocation', async () => {
    const { runner } = runnerOf(
      `exports.handler = async (ms) => {
        await new Promise((done) => setTimeout(done, ms))
        return [require('node:worker_threads').threadId]
      }`,
      apart,
    )
    const both = await Promise.all([runner.invoke('300', 'arn:it'), runner.invoke('300', 'arn:it')])
    const [first, second] = both.map(thread)
    expect(first).not.toBe(second)
    expect([first, second]).toContain(thread(await runner.invoke('0', 'arn:it')))
  })

  test.each([
    ['buffers', 'killed'],
    ['heap', '(killed|aborted)'],
  ])(
    'is killed if its %s exceed the memory of its function, and another worker runs the next invocation',
    async (of, how) => {
      const { runner, said } = runnerOf(HOLDS, apart)
      const fits = await runner.invoke(JSON.stringify({ [of]: 12 }), 'arn:it')
      expect(fits).toMatchObject({ tag: 'answer' })
      const outcome = await runner.invoke(JSON.stringify({ [of]: 100 }), 'arn:it')
      const words = new RegExp(`^RequestId: \\S{36} Error: Runtime exited with error: signal: ${how}$`)
      expect(outcome).toEqual({ tag: 'failed', message: expect.stringMatching(words) })
      expect(said()).toMatch(new RegExp(words.source, 'm'))
      const next = await runner.invoke('{}', 'arn:it')
      expect(next).toMatchObject({ tag: 'answer' })
      expect(thread(next)).not.toBe(thread(fits))
    },
  )

  test('reports after each invocation the memory size and the maximum that its environment has used', async () => {
    const { runner, told } = runnerOf(HOLDS, apart)
    for (const buffers of [0, 20, 0]) await runner.invoke(JSON.stringify({ buffers }), 'arn:it')
    const records = told.map(({ record }) => record as { requestId: string; metrics: Record<string, number> })
    expect(told.map(({ type }) => type)).toEqual(['platform.report', 'platform.report', 'platform.report'])
    const [little, much, stays] = records.map(({ metrics }) => metrics.maxMemoryUsedMB!)
    expect(records.map(({ metrics }) => metrics.memorySizeMB)).toEqual([128, 128, 128])
    expect(little).toBeGreaterThan(64)
    expect(little).toBeLessThan(80)
    expect(much).toBeGreaterThanOrEqual(little! + 19)
    expect(stays).toBeGreaterThanOrEqual(much!)
  })
})

test('a worker that runs many invocations at a time reports no memory use', async () => {
  const { runner, told } = runnerOf(THREAD)
  await runner.invoke('{}', 'arn:it')
  expect(told).toEqual([])
})
