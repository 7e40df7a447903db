// Tests the memory limit of a function: its template sets it, and it holds if each invocation has its own worker.

import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createRoles } from '../../../local/iam/roles.ts'
import { createFunctions } from '../../../local/lambda/lambda.ts'
import { loadTemplate } from '../../../local/template/template.ts'
import { temporaryFolder, writeAssembly } from '../../support/local/assembly.ts'

/** Allocates so many megabytes, and returns the variables of its environment. */
const HOLDS = `exports.handler = async (megabytes) => {
  const held = []
  for (let i = 0; i < megabytes; i += 1) {
    held.push(Buffer.alloc(1024 * 1024, i))
    await new Promise((done) => setTimeout(done, 1))
  }
  return [process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE, process.env.ONE_PROCESS ?? null]
}`

async function functionOf(apart: boolean) {
  const folder = join(temporaryFolder(), 'cdk.out')
  const assembly = await writeAssembly(folder, {}, { Fn: { code: HOLDS } })
  const template = loadTemplate(assembly, { publicUrl: 'http://127.0.0.1:1' })
  const log = { line: () => {}, write: () => {}, entry: () => {} }
  const functions = createFunctions({
    ...{ template, roles: createRoles(template, Date.now), now: Date.now, endpoints: {}, openLog: () => log },
    apart,
  })
  onTestFinished(functions.stop)
  return functions.find('Small-Fn')
}

test('a function that exceeds its MemorySize is killed, and the next invocation gets a new environment', async () => {
  const fn = await functionOf(true)
  expect(await fn.invoke(10)).toEqual({ tag: 'answer', payload: '["128",null]' })
  expect(await fn.invoke(150)).toMatchObject({
    tag: 'failed',
    message: expect.stringMatching(/signal: killed$/),
  })
  expect(await fn.invoke(10)).toMatchObject({ tag: 'answer' })
})

test('a worker that runs all invocations of one machine may exceed MemorySize', async () => {
  const fn = await functionOf(false)
  expect(await fn.invoke(150)).toEqual({ tag: 'answer', payload: '["128","1"]' })
})
