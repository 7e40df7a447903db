// The matrix as an operator runs it: one driver version that builds for one kernel and loads there, and fails for the other.

import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { DRIVER_VERSION } from '../support/registry/registry.ts'

test('tells that a driver version loads on a kernel, and the first error of the compiler on another', () => {
  const cells = ['--versions', DRIVER_VERSION, '--series', '6.1,6.12', '--kinds', 'kmod', '--load']
  const { status, stdout, stderr } = spawnSync(process.execPath, ['matrix/main.ts', ...cells], {
    encoding: 'utf8',
    env: { ...process.env, MATRIX_DRIVERS: '' },
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const lines = stdout.split('\n')
  expect(lines).toContainEqual(
    expect.stringMatching(/^kmod 0\.1\.1dev\S* for 6\.1\.\S+ by gcc-12: loaded, \d+ events$/),
  )
  expect(lines).toContainEqual(
    expect.stringMatching(
      /^kmod 0\.1\.1dev\S* for 6\.12\.\S+ by gcc-\d+: \/build\/driver\/\S+: error: .*'fd_is_open'/,
    ),
  )
  expect(lines).toContain(`| \`${DRIVER_VERSION}\` | loaded, events seen | error 1 |`)
})
