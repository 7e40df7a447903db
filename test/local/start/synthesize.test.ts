import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSettings } from '../../../cdk/settings.ts'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import type { Suite } from '../../../local/start/apt-sources.ts'
import { settingsOf } from '../../../local/start/synthesize.ts'
import { temporaryFolder } from '../../support/local/assembly.ts'

/** The settings that the stack gets. */
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

test('the registry serves the kernels of all suites on a host of any release, from the mirrors of the host', () => {
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

test('a mirror that is missing in the apt sources of the host has its default', () => {
  expect(settings([]).debian).toEqual(DEFAULTS.debian)
  expect(settings([main('stable')]).debian.mirrors).toEqual({
    ...DEFAULTS.debian.mirrors,
    main: 'http://a.example/debian',
  })
  expect(settings([security]).driverPackages).toEqual(DEFAULTS.driverPackages)
})

test('a machine accepts more waiting clients than a new AWS account, unless it must have the capacity of one', () => {
  expect(settings([]).cloud.waitConcurrency).toBe(10_000)
  expect(settings([], undefined, 'account').cloud).toEqual(DEFAULTS.cloud)
})

test('only the suites that an operator sets are read', () => {
  const suites = [{ mirror: 'http://c.example/debian', suite: 'bookworm' }]
  expect(settings([main('trixie')], { debian: { suites } }).debian.suites).toEqual(suites)
})
