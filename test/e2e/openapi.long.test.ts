// Tests the OpenAPI document with two foreign tools: a validator, and a client that sends valid and invalid requests to the
// running registry. If pip cannot install the tools, the tests are skipped with the reason.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BASE_DEFAULTS } from '../../lib/model/settings.ts'
import { had, type PythonTools, pythonTools } from '../support/python.ts'
import { curl, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'

const MINUTE = 60_000
/** Two minutes on two quiet cores. */
const COVERAGE = 8 * MINUTE

/** The tests would exceed the daily budgets of one caller, and get 429 instead of the tested answers. */
const ENOUGH = 5000
const BUDGETS = {
  ...BASE_DEFAULTS.budgets,
  requestsPerCallerPerDay: ENOUGH,
  unknownPerCallerPerDay: ENOUGH,
  refusedPerCallerPerDay: ENOUGH,
}

/**
 * A 503 is a valid answer: a build is running. No schema describes the contents of a file, or shows which well-formed ids
 * and cursors the registry has issued.
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

test('openapi-spec-validator accepts the document', async (context) => {
  const { code, output } = await had(tools, context).run(
    'openapi-spec-validator',
    ['openapi.json'],
    MINUTE,
    work.dir,
  )
  expect(output).toContain('OK')
  expect(code).toBe(0)
})

test('openapi-spec-validator refuses a broken document', async (context) => {
  const run = had(tools, context).run
  await writeFile(join(work.dir, 'broken.json'), '{"openapi":"3.1.0","info":{},"paths":{}}')
  expect((await run('openapi-spec-validator', ['broken.json'], MINUTE, work.dir)).code).not.toBe(0)
})

test(
  'schemathesis finds that the registry accepts valid requests and refuses others as documented (phase: coverage)',
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
