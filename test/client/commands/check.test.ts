// Tests `probe-registry check`: it judges a kernel's config before any probe is requested.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { verdictsDocument } from '../../../lib/kconfig/document.ts'
import { RULES } from '../../../lib/kconfig/rules.ts'

const ROOT = join(import.meta.dirname, '../../..')
const PROGRAM = join(ROOT, 'client/probe-registry.js')
const config = (name: string): string => join(ROOT, `test/vectors/kernel-configs-field/${name}.config.gz`)

function check(args: readonly string[], input?: Buffer) {
  const { status, stdout, stderr } = spawnSync(PROGRAM, ['check', ...args], { encoding: 'utf8', input })
  return { status, stdout, stderr }
}

describe('a config', () => {
  test('of a kernel with BTF needs no probe, and the first line reports this', () => {
    const { status, stdout, stderr } = check([config('ubuntu_6.8.0-52-generic')])
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^No probe needed: the modern eBPF probe runs on this kernel\./)
    expect(stdout).toMatch(/^modern eBPF probe: yes$/m)
    expect(stdout).toMatch(/^kernel module: maybe; by default it loads$/m)
    expect(stdout).toMatch(/^ {2}CONFIG_MODULE_SIG: This kernel loads unsigned modules unless /m)
    expect(stdout).toMatch(/^compiler: the config names gcc 13\.3\.0; gcc-13 builds the module$/m)
  })

  test('of a kernel that runs no driver ends with 1, and the missing option is named', () => {
    const { status, stdout } = check([config('firecracker_6.1.167-microvm')])
    expect(status).toBe(1)
    expect(stdout.match(/: no$/gm)).toHaveLength(3)
    expect(stdout).toContain('CONFIG_TRACEPOINTS: This kernel has no tracepoints')
    expect(stdout).not.toContain('No probe needed')
  })

  test('is also read from standard input, compressed or not', () => {
    const packed = readFileSync(config('linuxkit_6.12.59-linuxkit'))
    const expected = check([config('linuxkit_6.12.59-linuxkit')]).stdout
    expect(check(['-'], packed).stdout).toBe(expected)
    expect(check(['-'], gunzipSync(packed)).stdout).toBe(expected)
    expect(expected).toMatch(/^kernel module: yes$/m)
  })

  test('is answered as JSON with --json', () => {
    const answer = JSON.parse(check([config('chimera_7.1.8-generic'), '--json']).stdout)
    expect(answer).toMatchObject({
      advice: [expect.stringMatching(/^No probe needed/)],
      summary: { kmod: { answer: 'maybe' }, ebpf: { answer: 'yes' }, modernEbpf: { answer: 'yes' } },
      compiler: { family: 'clang', version: '22.1.8' },
    })
  })

  test('that does not name its compiler gets it from /proc/version', () => {
    const { stdout } = check([
      config('amzn_4.14.252-195.483.amzn2.x86_64'),
      '--proc-version',
      '/proc/version',
    ])
    expect(stdout).toMatch(/^compiler: \/proc\/version names /m)
  })

  test('that is not a kernel config ends with 2 and a hint at /proc/config.gz', () => {
    const { status, stderr } = check([PROGRAM])
    expect(status).toBe(2)
    expect(stderr).toMatch(/^probe-registry check: config: .*\/proc\/config\.gz/)
  })
})

describe('the command line', () => {
  test.each([
    [[], 'name one CONFIG'],
    [['a', 'b'], 'name one CONFIG'],
    [['/nowhere/at/all'], 'no such file'],
    [['--nonsense'], '--nonsense'],
  ])('%j is refused with 2 and a hint', (args, why) => {
    const { status, stdout, stderr } = check(args)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain(why)
    expect(stderr).toContain('`probe-registry check --help`')
  })

  test('--help prints the usage', () => {
    expect(check(['--help']).stdout).toMatch(/^Usage: probe-registry check CONFIG/)
  })
})

test('docs/verdicts.md is the table of rules', () => {
  const document = readFileSync(join(ROOT, 'docs/verdicts.md'), 'utf8')
  expect(document).toBe(verdictsDocument())
  expect(document.split('\n').filter((line) => line.startsWith('| '))).toHaveLength(RULES.length + 1)
  expect(check(['--document']).stdout).toBe(document)
})
