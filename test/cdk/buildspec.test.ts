// The buildspec carries its steps: a container without a source gets them from it, byte for byte.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { inlineBuildspec, loadTestBuildspec, MAX_BUILDSPEC, withoutComments } from '../../cdk/buildspec.ts'

const SOURCES = join(import.meta.dirname, '../../buildspecs')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'probe-registry-buildspec-'))
  cpSync(SOURCES, folder, { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true }))

const installed = (buildspec: string): string => {
  const { phases } = parse(buildspec) as { phases: { install: { commands: string[] } } }
  const steps = join(folder, 'written')
  for (const command of phases.install.commands) {
    execFileSync('sh', ['-eu', '-c', command], { env: { PATH: process.env.PATH, STEPS: steps } })
  }
  return steps
}

test('the install phase writes every step, without its comments', () => {
  const steps = installed(inlineBuildspec(folder))
  const names = readdirSync(join(SOURCES, 'steps')).sort()
  expect(readdirSync(steps).sort()).toEqual(names)
  for (const name of names) {
    expect(readFileSync(join(steps, name), 'utf8')).toBe(
      withoutComments(readFileSync(join(SOURCES, 'steps', name), 'utf8')),
    )
  }
})

test('a buildspec that names its steps carries those, and no others', () => {
  const steps = readdirSync(installed(inlineBuildspec(folder, 'load-test.yml')))
  expect(steps).toEqual(expect.arrayContaining([...readdirSync(join(SOURCES, 'load-test')), 'fetch.sh']))
  expect(steps).not.toContain('run.sh')
})

test('C is carried without its comments and margins, and means the same', () => {
  const compiled = (text: string) =>
    execFileSync('gcc-12', ['-O1', '-S', '-o', '-', '-x', 'c', '-'], { input: text })
  const text = readFileSync(join(SOURCES, 'load-test/bpf-load.c'), 'utf8')
  const carried = join(installed(inlineBuildspec(folder, 'load-test.yml')), 'bpf-load.c')
  expect(compiled(readFileSync(carried, 'utf8')).equals(compiled(text))).toBe(true)
})

test('quotes, dollars and backslashes in a step stay what they are', () => {
  const text = `#!/bin/sh\necho "$HOME" '$x' \`date\` \\n \\\\ %s\n#include <linux/version.h>\n\n\tend\n`
  writeFileSync(join(folder, 'steps', 'odd.sh'), text)
  expect(readFileSync(join(installed(inlineBuildspec(folder)), 'odd.sh'), 'utf8')).toBe(text)
})

test('only lines that are nothing but a comment are left out', () => {
  expect(withoutComments('#!/bin/sh\n# one\n  # two\n#\necho "# three" # four\n#include <x>\n')).toBe(
    '#!/bin/sh\necho "# three" # four\n#include <x>\n',
  )
})

test('it is short enough for CodeBuild, and one that is not is refused', () => {
  expect(inlineBuildspec().length).toBeLessThanOrEqual(MAX_BUILDSPEC)
  expect(loadTestBuildspec().length).toBeLessThanOrEqual(MAX_BUILDSPEC)
  writeFileSync(join(folder, 'steps', 'long.sh'), 'echo\n'.repeat(MAX_BUILDSPEC / 5))
  expect(() => inlineBuildspec(folder)).toThrow(/CodeBuild takes/)
})

test.each([
  ['bad name.sh', 'echo\n'],
  ['delimiter.sh', 'END-OF-THIS-STEP\n'],
  ['binary.sh', '\u0000\n'],
  ['unended.sh', 'echo'],
])('a step that could not be carried is refused: %s', (name, text) => {
  writeFileSync(join(folder, 'steps', name), text)
  expect(() => inlineBuildspec(folder)).toThrow()
})

test('a buildspec without a place for the steps is refused', () => {
  const bare = join(folder, 'bare')
  mkdirSync(join(bare, 'steps'), { recursive: true })
  writeFileSync(join(bare, 'probe.yml'), 'version: 0.2\nphases: {install: {commands: [echo]}}\n')
  expect(() => inlineBuildspec(bare)).toThrow(/once/)
})
