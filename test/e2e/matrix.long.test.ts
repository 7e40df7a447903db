// Tests the matrix as an operator runs it, with a driver version that loads on one kernel, and does not compile for another.

import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { DRIVER_VERSION } from '../support/registry/registry.ts'

test('the matrix shows that a driver loads on one kernel, and the first compiler error for another', () => {
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
