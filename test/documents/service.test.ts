// Tests the systemd unit in docs/operations.md, also with systemd's own parser.

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { documentAt } from '../support/documents/markdown.ts'
import { temporaryFolder } from '../support/local/assembly.ts'
import { testUnless } from '../support/unless.ts'

const [, UNIT = ''] = /\n```ini\n(\[Unit\][\s\S]*?)```\n/.exec(documentAt('docs/operations.md').text) ?? []
const lineOf = (name: string): string | undefined => new RegExp(`^${name}=(.*)$`, 'm').exec(UNIT)?.[1]

/** The complaints of systemd-analyze about the unit. npm may be elsewhere on the test's machine. */
function verify(unit: string): string {
  const file = join(temporaryFolder(), 'probe-registry.service')
  writeFileSync(file, unit.replace('/usr/bin/npm', process.execPath))
  const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
  return stdout + stderr
}

const version = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' })
const without = version.status === 0 ? undefined : 'there is no systemd-analyze on this machine'

describe('the systemd unit', () => {
  test('gives a stop more than ten seconds, signals with SIGTERM, and runs npm start as another user than root', () => {
    expect(Number(lineOf('TimeoutStopSec'))).toBeGreaterThan(10)
    expect(lineOf('KillSignal')).toBe('SIGTERM')
    expect(lineOf('KillMode')).toBe('mixed')
    expect(lineOf('Restart')).toBe('on-failure')
    expect(lineOf('ExecStart')).toMatch(/\/npm start$/)
    expect(lineOf('User')).not.toBe('root')
  })

  test('lets the registry write only to .build, where its synthesis writes', () => {
    expect(lineOf('ProtectSystem')).toBe('strict')
    expect(lineOf('ReadWritePaths')).toBe(`${lineOf('WorkingDirectory')}/.build`)
    expect(readFileSync(join(import.meta.dirname, '../../cdk/app.ts'), 'utf8')).toContain("'.build/")
  })

  test('has none of the lines that the page lists as left out', () => {
    const [, table = ''] =
      /\| left out \| with it \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(documentAt('docs/operations.md').text) ??
      []
    const out = [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, names = '']) =>
      [...names.matchAll(/`(\w+)/g)].map(([, name]) => String(name)),
    )
    expect(out.length).toBeGreaterThan(7)
    expect(out.filter((name) => lineOf(name) !== undefined)).toEqual([])
  })

  testUnless(without)('is understood by systemd, which understands no other word', () => {
    expect(verify(UNIT)).toBe('')
    expect(verify(UNIT.replace('TimeoutStopSec', 'TimeoutStopSeconds'))).toMatch(/TimeoutStopSeconds/)
    expect(verify(UNIT.replace('=mixed', '=some'))).toMatch(/KillMode|some/)
  })
})
