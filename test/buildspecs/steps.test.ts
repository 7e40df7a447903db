// Checks the sources of the build steps with linters.

import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('shellcheck has no complaint about any step', () => {
  const folder = join(import.meta.dirname, '../../buildspecs')
  const steps = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.sh'),
  )
  expect(steps).toEqual(expect.arrayContaining(['probe/build.sh', 'load-test/load-test.sh']))
  expect(execFileSync('shellcheck', ['-x', ...steps], { cwd: folder, encoding: 'utf8' })).toBe('')
})

test('the compiler has no warning about the loader of eBPF objects', () => {
  const file = join(import.meta.dirname, '../../buildspecs/load-test/bpf-load.c')
  const said = execFileSync('gcc-12', ['-Wall', '-Wextra', '-Werror', '-fsyntax-only', file], {
    stdio: 'pipe',
  })
  expect(said.toString()).toBe('')
})
