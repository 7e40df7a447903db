// The OpenAPI document in the hands of others: a validator of such documents, and a client that asks the running registry
// for all that the document allows, and for what it does not. Where Python's packages cannot be had, it says so.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BASE_DEFAULTS } from '../../lib/model/settings.ts'
import { had, type PythonTools, pythonTools } from '../support/python.ts'
import { curl, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'

const MINUTE = 60_000
/** Two minutes on two quiet cores. */
const COVERAGE = 8 * MINUTE

/** What one caller may ask for on a day would be spent, and then hide what it is about. */
const ENOUGH = 5000
const BUDGETS = {
  ...BASE_DEFAULTS.budgets,
  requestsPerCallerPerDay: ENOUGH,
  unknownPerCallerPerDay: ENOUGH,
  refusedPerCallerPerDay: ENOUGH,
}

/**
 * A 503 is an answer: a build is running. What is inside a file no schema says, nor which ids and cursors of the right
 * form a registry has given.
 */
const CONFIG = `
[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503]

[[operations]]
include-method = "POST"
checks.positive_data_acceptance.expected-statuses = ["2xx", 404, 422, 429, 503]

[[operations]]
include-operation-id = "listProbes"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400]

[[operations]]
include-operation-id = "getProbeState"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 404, 503]
`

let registry: Registry
let tools: PythonTools | string
let work: Awaited<ReturnType<typeof scratch>>

beforeAll(async () => {
  work = await scratch()
  tools = await pythonTools('openapi-spec-validator==0.9.0', 'schemathesis==4.32.5')
  if (typeof tools === 'string') return
  registry = await startRegistry({ dataDir: join(work.dir, 'data'), settings: { budgets: BUDGETS } })
  await writeFile(join(work.dir, 'schemathesis.toml'), CONFIG)
  await curl(['-fsS', '-o', 'openapi.json', `${registry.url}/openapi.json`], work.dir)
  await curl(['-fsS', `${registry.url}/v1/driver-versions/newest`])
}, 15 * MINUTE)
afterAll(async () => {
  await registry?.stop()
  if (typeof tools !== 'string') await tools?.remove()
  await work.remove()
})

test('the document is one of OpenAPI 3.1 to openapi-spec-validator', async (context) => {
  const { code, output } = await had(tools, context).run(
    'openapi-spec-validator',
    ['openapi.json'],
    MINUTE,
    work.dir,
  )
  expect(output).toContain('OK')
  expect(code).toBe(0)
})

test('and a broken one is none', async (context) => {
  const run = had(tools, context).run
  await writeFile(join(work.dir, 'broken.json'), '{"openapi":"3.1.0","info":{},"paths":{}}')
  expect((await run('openapi-spec-validator', ['broken.json'], MINUTE, work.dir)).code).not.toBe(0)
})

test(
  'whatever the document allows is taken, and whatever it does not is refused, as it says: schemathesis, coverage',
  async (context) => {
    const args = [
      'run',
      `${registry?.url}/openapi.json`,
      '--phases',
      'coverage',
      '--max-redirects',
      '0',
      '--seed',
      '1',
    ]
    const more = ['--continue-on-failure', '--request-timeout', '60', '--no-color', '--warnings', 'off']
    const { code, output } = await had(tools, context).run(
      'schemathesis',
      [...args, ...more],
      COVERAGE,
      work.dir,
    )
    console.log(output.slice(-6000))
    expect(output).toMatch(/Tested: \d\d/)
    expect([code, output]).toEqual([0, output])
  },
  COVERAGE + MINUTE,
)
