import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { namesDocument } from '../../lib/clients/document.ts'

const OS_RELEASE = fileURLToPath(new URL('../vectors/os-release', import.meta.url))
const PROGRAM = fileURLToPath(new URL('../../client/probe-name', import.meta.url))

const probeName = (...args: string[]) => ran(PROGRAM, args)

function ran(program: string, args: readonly string[], env = process.env) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env })
  return { status, stdout, stderr }
}

describe('probe-name', () => {
  test('explains a URL', () => {
    const { status, stdout } = probeName(
      'https://probes.example/driver/9.1.0%2Bdriver/x86_64/falco_rhel_5.14.0_1.ko',
    )
    expect(status).toBe(0)
    expect(stdout).toMatch(/canonical: +\/driver\/9\.1\.0\+driver\/x86_64\/falco_redhat_5\.14\.0_1\.ko\n/)
    expect(stdout).toMatch(/clients: .*falcoctl/)
  })

  test('says why nobody asks for a name', () => {
    const { status, stdout } = probeName('/driver/1/x86_64/scap_ubuntu-hwe_5.15.0-33-hwe_34.ko')
    expect(status).toBe(0)
    expect(stdout).toMatch(/clients: +none\n +unreachable: +no kernel calls itself hwe/)
  })

  test('fails with what is wrong, and shows nothing that a terminal would obey', () => {
    const { status, stdout } = probeName('/driver/1/x86_64/\x1b[2J\x9bfalco.ko')
    expect(status).toBe(1)
    expect(stdout).toMatch(/wrong: /)
    expect(stdout).toMatch(/^[\x20-\x7e\n]+$/)
  })

  test('tells by which name each client asks on a host', () => {
    const host = ['--uname-r', '5.15.0-1026-aws', '--uname-m', 'x86_64', '--os-release', OS_RELEASE]
    const { status, stdout } = probeName(
      ...host,
      '--uname-v',
      '#30~20.04.2-Ubuntu SMP',
      '--config',
      OS_RELEASE,
    )
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^falcoctl.* \/driver\/9\.1\.0%2Bdriver\/x86_64\/falco_ubuntu-aws_5\.15\.0-1026-aws_30~20\.04\.2\.ko$/m,
    )
    expect(stdout).toMatch(
      /^falco-driver-loader: Falco 0\.23.* \/driver\/9\.1\.0%2Bdriver\/falco_ubuntu-aws_5\.15\.0-1026-aws_30\.ko$/m,
    )
    expect(stdout).toMatch(/^sysdig-probe-loader.*-5\.15\.0-1026-aws-[0-9a-f]{32}\.ko$/m)
    const paths = [...stdout.matchAll(/ (\/\S+)$/gm)].map(([, path = '']) => path)
    expect(paths.length).toBeGreaterThan(15)
    expect(probeName(...paths).status).toBe(0)
  })

  test('says which fact of a host is wrong', () => {
    const { status, stderr } = probeName('--uname-r', '6.1.0', '--uname-v', '#1 SMP', '--uname-m', 'sparc')
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^probe-name: machine: /)])
  })

  test('writes the page of documentation', () => {
    expect(probeName('--document').stdout).toBe(namesDocument())
  })

  test("runs on the project's Node, by a link as npx makes one, on a machine whose own is older", () => {
    const folder = mkdtempSync(join(tmpdir(), 'npx-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    symlinkSync(PROGRAM, join(folder, 'probe-name'))
    writeFileSync(join(folder, 'node'), '#!/bin/sh\necho v18.20.4\n', { mode: 0o755 })
    const env = { PATH: `${folder}:/usr/bin:/bin` }
    expect(ran(join(folder, 'probe-name'), ['--document'], env)).toEqual({
      status: 0,
      stdout: namesDocument(),
      stderr: '',
    })
  })

  test.each([[[]], [['--no-such-option']]])('tells how it is used: %j', (args) => {
    expect(probeName(...args)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('Usage'),
    })
  })
})
