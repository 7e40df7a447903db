// Each bundle is a complete function: plain Node loads it without node_modules, and finds the handler.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleFunctions, FUNCTIONS } from '../../cdk/bundle.ts'
import { ENV } from '../../lib/aws/resources.ts'

const folder = mkdtempSync(join(tmpdir(), 'probe-registry-bundles-'))
beforeAll(() => bundleFunctions(folder))
afterAll(() => rmSync(folder, { recursive: true }))

const environment = {
  ...Object.fromEntries(Object.values(ENV).map((name) => [name, `the-${name.toLowerCase()}`])),
  [ENV.settings]: '{}',
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'example',
}

const typeOfHandler = (name: string): string =>
  execFileSync(process.execPath, ['-p', `typeof require(${JSON.stringify(join(folder, name))}).handler`], {
    env: environment,
    encoding: 'utf8',
  }).trim()

test.each(['resolve', 'wait', 'direct', 'v1'])(
  '%s starts while a client waits, so it has no code that only plans and builds need',
  (name) => {
    const text = readFileSync(join(folder, name, 'index.js'), 'utf8')
    const heavy = ['openpgp', 'xz-decompress', 'aws-sdk', 'smithy', 'PGP PUBLIC KEY']
    expect(heavy.filter((word) => text.includes(word))).toEqual([])
    expect(text.length).toBeLessThan(350_000)
  },
)

test.each([
  ['publish', true],
  ['plan', false],
  ['compose', false],
  ['submit', false],
])('whether %s has openpgp.js, which signs probes: %s', (name, has) => {
  const text = readFileSync(join(folder, name, 'index.js'), 'utf8')
  expect(text.includes('preferredHashAlgorithm')).toBe(has)
})

test.each(FUNCTIONS)('%s loads and has its handler', (name) => {
  expect(typeOfHandler(name)).toBe('function')
})
