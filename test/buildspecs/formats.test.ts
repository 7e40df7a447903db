// Packages say their own format, and one step unpacks any mix of them.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { PACKAGE_FORMATS } from '../../lib/model/probe.ts'
import { build } from '../support/builds/build.ts'
import { packageOf } from '../support/builds/packages.ts'
import { GOOD, making } from '../support/builds/small.ts'
import { type LoopbackStore, openStore } from '../support/builds/store.ts'

let store: LoopbackStore
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

const headers = PACKAGE_FORMATS.map((format) => ({
  role: 'header' as const,
  format,
  body: packageOf(format, {
    [`usr/src/kernel/${format}`]: `of the ${format}\n`,
    'usr/src/kernel/Makefile': 'all:\n',
  }),
}))

test.each(PACKAGE_FORMATS)(
  'header packages of every format make one tree, for a driver in a %s',
  async (format) => {
    const folder = format === 'deb' || format === 'rpm' ? 'usr/src/scap-1/' : 'scap-1/'
    const files = Object.entries(making('cat /kernel/usr/src/kernel/*', GOOD))
    const driver = packageOf(
      format,
      Object.fromEntries(files.map(([path, text]) => [`${folder}${path}`, text])),
    )
    const { exit, log, probe } = await build(store, {
      settings: { TREE: 'usr/src/kernel' },
      inputs: [...headers, { role: 'driver', format, body: driver }],
    })
    for (const one of PACKAGE_FORMATS) expect(log).toContain(`of the ${one}\n`)
    expect(exit).toBe(0)
    expect(probe?.subarray(0, 4).toString('latin1')).toBe('\x7fELF')
  },
)
