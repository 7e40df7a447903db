import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSettings } from '../../../cdk/settings.ts'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import type { Suite } from '../../../local/start/apt-sources.ts'
import { settingsOf } from '../../../local/start/synthesize.ts'
import { temporaryFolder } from '../../support/local/assembly.ts'

/** As the stack gets them. */
function settings(suites: readonly Suite[], own?: object, capacity?: 'machine' | 'account') {
  const folder = temporaryFolder()
  const settingsFile = own === undefined ? undefined : join(folder, 'own.json')
  if (settingsFile !== undefined) writeFileSync(settingsFile, JSON.stringify(own))
  const file = join(folder, 'settings.json')
  writeFileSync(
    file,
    JSON.stringify(settingsOf({ suites, settingsFile, ...(capacity === undefined ? {} : { capacity }) })),
  )
  return readSettings(file, { local: true })
}

const main = (suite: string) => ({ mirror: 'http://a.example/debian', suite, checkValidUntil: false })
const security = {
  mirror: 'http://b.example/debian-security',
  suite: 'trixie-security',
  checkValidUntil: false,
}

test("whatever release this host is, its kernels are those of all suites, from its own apt's mirrors", () => {
  const found = settings([security, main('trixie'), main('trixie-updates')])
  expect(found.debian).toEqual({
    ...DEFAULTS.debian,
    mirrors: { main: 'http://a.example/debian', security: 'http://b.example/debian-security' },
    checkValidUntil: false,
  })
  expect(found.driverPackages).toEqual({
    ...DEFAULTS.driverPackages,
    ...{ mirror: 'http://a.example/debian', checkValidUntil: false },
  })
})

test('a mirror that its apt does not name is that of the defaults', () => {
  expect(settings([]).debian).toEqual(DEFAULTS.debian)
  expect(settings([main('stable')]).debian.mirrors).toEqual({
    ...DEFAULTS.debian.mirrors,
    main: 'http://a.example/debian',
  })
  expect(settings([security]).driverPackages).toEqual(DEFAULTS.driverPackages)
})

test('a machine holds more clients than an account of AWS that is new, unless it is to be as one', () => {
  expect(settings([]).cloud.waitConcurrency).toBe(10_000)
  expect(settings([], undefined, 'account').cloud).toEqual(DEFAULTS.cloud)
})

test('suites that an operator names, each with its mirror, are all that are read', () => {
  const suites = [{ mirror: 'http://c.example/debian', suite: 'bookworm' }]
  expect(settings([main('trixie')], { debian: { suites } }).debian.suites).toEqual(suites)
})
