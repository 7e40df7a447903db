// Settings are merged into the defaults, and faults in them are reported before a deployment.

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readSettings } from '../../cdk/settings.ts'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { synthesis } from '../support/cdk/template.ts'

const folder = mkdtempSync(join(tmpdir(), 'probe-registry-settings-'))
afterAll(() => rmSync(folder, { recursive: true }))

const read = (settings: unknown, local = false) => {
  const file = join(folder, 'settings.json')
  writeFileSync(file, JSON.stringify(settings))
  return readSettings(file, { local })
}

const archive = (url: string) => ({
  drivers: [
    {
      match: '1',
      about: '1',
      names: ['falco'],
      kinds: ['kmod'],
      recipe: 'libs',
      source: { from: 'archive', url },
    },
  ],
})
const directory = {
  drivers: [
    {
      match: '1',
      about: '1',
      names: ['falco'],
      kinds: ['kmod'],
      recipe: 'libs',
      source: { from: 'directory', path: '/src' },
    },
  ],
}

test('the defaults apply without a file', () => {
  expect(readSettings(undefined, { local: false })).toEqual(DEFAULTS)
})

test('a section is merged into its defaults member by member, and a list replaces its default', () => {
  const settings = read({ budgets: { buildsPerDay: 3 }, revoked: ['1.0.0'] })
  expect(settings).toEqual({
    ...DEFAULTS,
    budgets: { ...DEFAULTS.budgets, buildsPerDay: 3 },
    revoked: ['1.0.0'],
  })
})

test.each([
  [
    'a misspelt section',
    { budget: { buildsPerDay: 3 } },
    /budget: is not a setting\. There are: .*\bbudgets\b/,
  ],
  [
    'a misspelt member',
    { budgets: { buildPerDay: 3 } },
    /budgets\.buildPerDay: is not a setting\. budgets has: buildsPerDay, /,
  ],
  [
    'a value out of bounds',
    { hold: { hopSeconds: 40 } },
    /hold\.hopSeconds: Too big: expected number to be <=28 \(the default is 22\)$/,
  ],
  [
    'a value of another kind, and another that is wrong',
    { build: { timeoutMinutes: 'ten' }, loadTest: { mode: 'often' } },
    /loadTest\.mode: .*"off".*\(the default is .*; build\.timeoutMinutes: expected number, received string|build\.timeoutMinutes: expected number, received string \(the default is 10\); loadTest\.mode: .*"off"/,
  ],
  ['a relative folder of archives', { driverArchives: ['libs'] }, /driverArchives\.0: .*absolute path/],
  ['no place of archives', { driverArchives: [] }, /driverArchives: /],
  ['a short commit', { driverCommits: { sha256: { e5c53d64: 'a'.repeat(64) } } }, /driverCommits\.sha256/],
  ['no object', [1], /all of it: expected object, received array/],
])('refuses %s, and names the file, the field and the allowed values', (_, settings, words) => {
  expect(() => read(settings)).toThrow(words)
  expect(() => read(settings)).toThrow(/^the settings \S+settings\.json: /)
})

test.each([
  ['a folder', directory],
  ['a file', archive('file:///src/{driverVersion}.tar.gz')],
  ['a folder of archives', { driverArchives: ['/srv/libs'] }],
  ['a folder of commits', { driverCommits: { archives: ['file:///srv/libs'] } }],
  ['a loopback archive', archive('http://127.0.0.1:8000/{driverVersion}.tar.gz')],
  ['a loopback mirror', { debian: { suites: [{ mirror: 'http://localhost/debian', suite: 'bookworm' }] } }],
  ['an IPv6 loopback mirror', { debian: { suites: [{ mirror: 'http://[::1]/debian', suite: 'bookworm' }] } }],
])('%s is refused in a deployment and accepted on one machine', (_, settings) => {
  expect(() => read(settings)).toThrow(/PROBE_LOCAL/)
  expect(() => read(settings, true)).not.toThrow()
})

test('a proxy on this machine is refused in a deployment, and its password is not shown', () => {
  const network = { proxy: 'http://registry:secret@127.0.0.1:3128' }
  expect(() => read({ network })).toThrow(
    /: http:\/\/127\.0\.0\.1:3128\/? cannot be reached by a deployed stack/,
  )
  expect(() => read({ network }, true)).not.toThrow()
})

test('settings that do not fit into the environment of a function are refused', () => {
  const random = (i: number) => createHash('sha256').update(`${i}`).digest('hex').slice(0, 40)
  const revoked = Array.from({ length: 300 }, (_, i) => random(i))
  expect(() => synthesis({ revoked }, true)).toThrow(/take \d+ bytes, compressed, and 3072 fit/)
})

test('executions are reserved for waiting requests only if the settings give their number', () => {
  const reserved = (settings?: unknown) =>
    synthesis(settings, true)
      .text.match(/"ReservedConcurrentExecutions": \d+/g)
      ?.sort() ?? null
  expect(reserved()).toBeNull()
  expect(reserved({ cloud: { waitConcurrency: 500 } })).toEqual(
    [100, 50, 500].map((executions) => `"ReservedConcurrentExecutions": ${executions}`),
  )
})

test.each(['probes', '/probes/', '/a b', '//a', '/%2e', '/a?b'])('%s is not a valid prefix', (prefix) => {
  expect(() => read({ prefix }, true)).toThrow(/prefix: is not the beginning of a path/)
})
