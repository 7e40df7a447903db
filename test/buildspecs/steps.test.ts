// The steps as text.

import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const folder = join(import.meta.dirname, '../../buildspecs/steps')

test('shellcheck has nothing to say about any step', () => {
  const steps = readdirSync(folder).filter((name) => name.endsWith('.sh'))
  expect(steps).toContain('run.sh')
  expect(execFileSync('shellcheck', ['-x', ...steps], { cwd: folder, encoding: 'utf8' })).toBe('')
})
