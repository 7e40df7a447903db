// The buildspec contains the build steps, so that a container without a source gets them byte for byte.

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { inlineBuildspec, loadTestBuildspec, MAX_BUILDSPEC } from '../../cdk/buildspec.ts'

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

/** The lines of every file in a folder. A comment becomes an empty line, so that a shell's line numbers stay right. */
const linesOf = (root: string, from: string) =>
  (readdirSync(join(root, from), { recursive: true }) as string[])
    .filter((path) => /\.\w+$/.test(path))
    .sort()
    .map((path) => ({
      path,
      lines: readFileSync(join(root, from, path), 'utf8')
        .split('\n')
        .map(uncommented),
    }))
const uncommented = (line: string) => line.replace(/^ *(#|\/\/) .*$/, '')

test('the install phase writes only the steps of the folders that it names, line by line without comments', () => {
  for (const [name, folders] of [
    ['probe.yml', ['common', 'probe']],
    ['load-test.yml', ['common', 'load-test']],
  ] as const) {
    const steps = installed(inlineBuildspec(folder, name))
    expect(readdirSync(steps).sort()).toEqual([...folders].sort())
    for (const from of folders) expect(linesOf(steps, from)).toEqual(linesOf(SOURCES, from))
    rmSync(steps, { recursive: true })
  }
})

test('the install phase keeps all bytes of a step except comments', () => {
  const text = `#!/bin/sh\n#include\necho "$HOME" # a\n '$x' \`date\` \\n \\\\ %s\nSTEPS\n\u00e9\n\tno end`
  writeFileSync(join(folder, 'common', 'odd.sh'), text)
  expect(readFileSync(join(installed(inlineBuildspec(folder)), 'common/odd.sh'), 'utf8')).toBe(text)
})

test('the same steps make the same buildspec', () => {
  expect(inlineBuildspec(folder)).toBe(inlineBuildspec())
})

test('the buildspec is short enough for CodeBuild, with room for more steps, and a longer one is refused', () => {
  expect(inlineBuildspec().length).toBeLessThan(0.8 * MAX_BUILDSPEC)
  expect(loadTestBuildspec().length).toBeLessThan(0.8 * MAX_BUILDSPEC)
  writeFileSync(join(folder, 'common', 'long.sh'), randomBytes(MAX_BUILDSPEC))
  expect(() => inlineBuildspec(folder)).toThrow(/CodeBuild takes/)
})

test('a buildspec without a place for the steps is refused', () => {
  const bare = join(folder, 'bare')
  mkdirSync(join(bare, 'common'), { recursive: true })
  writeFileSync(join(bare, 'probe.yml'), 'version: 0.2\nphases: {install: {commands: [echo]}}\n')
  expect(() => inlineBuildspec(bare)).toThrow(/once/)
})
