// The steps as text.

import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test.each([
  ['steps', 'run.sh'],
  ['load-test', 'load-test.sh'],
])('shellcheck has nothing to say about any step of %s', (name, first) => {
  const folder = join(import.meta.dirname, '../../buildspecs', name)
  const steps = readdirSync(folder).filter((file) => file.endsWith('.sh'))
  expect(steps).toContain(first)
  expect(execFileSync('shellcheck', ['-x', ...steps], { cwd: folder, encoding: 'utf8' })).toBe('')
})

test('the compiler has nothing to say about the loader of eBPF objects', () => {
  const file = join(import.meta.dirname, '../../buildspecs/load-test/bpf-load.c')
  const said = execFileSync('gcc-12', ['-Wall', '-Wextra', '-Werror', '-fsyntax-only', file], {
    stdio: 'pipe',
  })
  expect(said.toString()).toBe('')
})
