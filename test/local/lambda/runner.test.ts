// A runner of one function, whose asset is a file of the test.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { accountExecutions } from '../../../local/lambda/executions.ts'
import { createRunner, type Runner } from '../../../local/lambda/runner.ts'

const THREAD = "exports.handler = async () => require('node:worker_threads').threadId"

/** `said`: what it wrote into its log. */
function runnerOf(
  source: string,
  {
    idleMs = 60_000,
    isForEvents = false,
    environment = () => ({ variables: { ITS: 'own' }, until: Number.POSITIVE_INFINITY }),
  } = {},
): { runner: Runner; said: () => string } {
  const asset = mkdtempSync(join(tmpdir(), 'asset-'))
  writeFileSync(join(asset, 'index.js'), source)
  const lines: string[] = []
  const runner = createRunner({
    setup: {
      ...{ asset, handler: 'index.handler', functionName: 'it', functionVersion: '1' },
      ...{ memoryMb: 128, isForEvents },
    },
    ...{ environment, now: Date.now, heapMb: 64, timeoutMs: 5000, idleMs },
    executions: accountExecutions(10, new Map())('it'),
    log: {
      line: (text) => void lines.push(text),
      write: (chunk) => void lines.push(String(chunk)),
    },
  })
  onTestFinished(async () => {
    await runner.stop()
    rmSync(asset, { recursive: true })
  })
  return { runner, said: () => lines.join('\n') }
}

test('calls come to the same worker, which sees the environment of its function and nothing else', async () => {
  const { runner } = runnerOf(
    "exports.handler = async () => [require('node:worker_threads').threadId, { ...process.env }]",
  )
  const [first, second] = [await runner.invoke('{}', 'arn:it'), await runner.invoke('{}', 'arn:it')]
  expect(first).toEqual(second)
  expect(first).toMatchObject({ tag: 'answer', payload: expect.stringMatching(/^\[\d+,\{"ITS":"own"\}\]$/) })
})

test('a worker that is not called for so long ends, and the next call starts another', async () => {
  const { runner } = runnerOf(THREAD, { idleMs: 50 })
  const first = await runner.invoke('{}', 'arn:it')
  await sleep(500)
  const second = await runner.invoke('{}', 'arn:it')
  expect(second).toMatchObject({ tag: 'answer' })
  expect(second).not.toEqual(first)
})

test('a worker that is past its time gets no call any more, and what it does it does to its end', async () => {
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

test('what is wrong with an asset is told with a short trace, not with the text of the worker', async () => {
  const { runner, said } = runnerOf('exports.other = 1')
  const outcome = await runner.invoke('{}', 'arn:it')
  expect(outcome).toMatchObject({
    tag: 'failed',
    message: expect.stringContaining('index.handler is no function of '),
  })
  const { message } = outcome as { message: string }
  expect(message).toContain('at loadHandler (worker.js:')
  expect(message.length + said().length).toBeLessThan(4000)
})

test('a function of events gives way to those for whose answers a client waits, and what it starts does so, too', async () => {
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
