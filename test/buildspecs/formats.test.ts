// Each package has its own format, and one step unpacks any mix of formats.

import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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

/** Sources of a driver that first runs that command when it is built. */
const named = (command: string) =>
  Object.fromEntries(Object.entries(making(command, GOOD)).map(([path, text]) => [`scap-1/${path}`, text]))

test.each(PACKAGE_FORMATS)(
  'header packages of every format are unpacked into one tree, for a driver in a %s',
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

test('the build unpacks only the kernel of a kit, an archive with names that begin without a dot', async () => {
  const script =
    'mkdir -p kit/kernel kit/toolchain; echo all: >kit/kernel/Makefile; echo big >kit/toolchain/cc'
  const kit = execFileSync('sh', ['-ec', `cd "$(mktemp -d)"; ${script}; tar -c kit | xz -c; rm -rf "$PWD"`])
  const { exit, log } = await build(store, {
    settings: { TREE: 'kit/kernel' },
    inputs: [
      { role: 'header', format: 'tar.xz', body: kit },
      { role: 'driver', format: 'tar.gz', body: packageOf('tar.gz', named('find /kernel -type f')) },
    ],
  })
  expect(exit, log).toBe(0)
  expect(log).toContain('/kernel/kit/kernel/Makefile\n')
  expect(log).not.toContain('toolchain')
})

describe('a package that tries to leave its folder', () => {
  const tar = (script: string) =>
    execFileSync('sh', ['-ec', `cd "$(mktemp -d)"; here=$PWD; ${script} | zstd -q -c; rm -rf "$here"`])

  test.each([
    ['upwards', 'echo x >x; tar -cP --transform "s,^x,../pwned," x'],
    ['by an absolute path', 'echo x >x; tar -cP --transform "s,^x,/tmp/pwned," x'],
    ['behind a link', 'mkdir d; echo x >d/pwned; ln -s /tmp l; tar -cP --transform "s,^d,l," l d/pwned'],
  ])('%s writes nothing outside its folder', async (_, script) => {
    const { output } = await build(store, {
      settings: { TREE: 'usr/src/kernel' },
      inputs: [
        ...headers,
        { role: 'header', format: 'tar.zst', body: tar(script) },
        { role: 'driver', format: 'tar.gz', body: packageOf('tar.gz', making(GOOD)) },
      ],
      afterwards: 'find /tmp -name "pwned*" ! -path "*/probe-build/kernel/*"; echo searched',
    })
    expect(output).toMatch(/\nsearched\n$/)
    expect(output).not.toMatch(/^\/.*pwned/m)
  })
})
