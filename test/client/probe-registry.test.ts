import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { namesDocument } from '../../lib/clients/document.ts'

const OS_RELEASE = fileURLToPath(new URL('../vectors/os-release', import.meta.url))
const PROGRAM = fileURLToPath(new URL('../../client/probe-registry.js', import.meta.url))

const probeName = (...args: string[]) => ran(PROGRAM, ['name', ...args])

function ran(program: string, args: readonly string[], env = process.env) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env })
  return { status, stdout, stderr }
}

describe('probe-registry name', () => {
  test('explains a URL', () => {
    const { status, stdout } = probeName(
      'https://probes.example/driver/9.1.0%2Bdriver/x86_64/falco_rhel_5.14.0_1.ko',
    )
    expect(status).toBe(0)
    expect(stdout).toMatch(/canonical: +\/driver\/9\.1\.0\+driver\/x86_64\/falco_redhat_5\.14\.0_1\.ko\n/)
    expect(stdout).toMatch(/clients: .*falcoctl/)
  })

  test('explains why no client requests a name', () => {
    const { status, stdout } = probeName('/driver/1/x86_64/scap_ubuntu-hwe_5.15.0-33-hwe_34.ko')
    expect(status).toBe(0)
    expect(stdout).toMatch(/clients: +none\n +unreachable: +no kernel calls itself hwe/)
  })

  test('fails with a reason for an invalid name, and prints no control characters', () => {
    const { status, stdout } = probeName('/driver/1/x86_64/\x1b[2J\x9bfalco.ko')
    expect(status).toBe(1)
    expect(stdout).toMatch(/wrong: /)
    expect(stdout).toMatch(/^[\x20-\x7e\n]+$/)
  })

  test('prints the name that each client requests on a host', () => {
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
      /^falcoctl.* \/driver\/11\.0\.0%2Bdriver\/x86_64\/falco_ubuntu-aws_5\.15\.0-1026-aws_30~20\.04\.2\.ko$/m,
    )
    expect(stdout).toMatch(
      /^falco-driver-loader: Falco 0\.23.* \/driver\/11\.0\.0%2Bdriver\/falco_ubuntu-aws_5\.15\.0-1026-aws_30\.ko$/m,
    )
    expect(stdout).toMatch(/^sysdig-probe-loader.*-5\.15\.0-1026-aws-[0-9a-f]{32}\.ko$/m)
    const paths = [...stdout.matchAll(/ (\/\S+)$/gm)].map(([, path = '']) => path)
    expect(paths.length).toBeGreaterThan(15)
    expect(probeName(...paths).status).toBe(0)
    const ebpf = probeName(...host, '--uname-v', '#30~20.04.2-Ubuntu SMP', '--kind', 'ebpf').stdout
    expect(ebpf).toMatch(/ \/driver\/9\.1\.0%2Bdriver\/x86_64\/falco_ubuntu-aws_\S+\.o$/m)
  })

  test('explains why a client sends no request on a host', () => {
    const dir = mkdtempSync(join(tmpdir(), 'os-release-'))
    onTestFinished(() => rmSync(dir, { recursive: true }))
    const osRelease = join(dir, 'os-release')
    writeFileSync(osRelease, 'ID=ol\n')
    const host = [
      '--uname-r',
      '5.15.0-300.163.18.el9uek.x86_64',
      '--uname-v',
      '#2 SMP',
      '--uname-m',
      'x86_64',
    ]
    const { status, stdout } = probeName(...host, '--os-release', osRelease)
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^falcoctl: since 0\.14\.0 .* - falcoctl 0\.14\.0 sends no request for a kernel module on Oracle/,
    )
    expect(stdout).toMatch(/^falcoctl: 0\.7\.2 and 0\.7\.3 .* \/driver\/.*uek\.x86_64_2\.ko$/m)
  })

  test('names an invalid fact of a host', () => {
    const { status, stderr } = probeName('--uname-r', '6.1.0', '--uname-v', '#1 SMP', '--uname-m', 'sparc')
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^probe-registry name: machine: /)])
  })

  test('prints the documentation page with --document', () => {
    expect(probeName('--document').stdout).toBe(namesDocument())
  })

  test.each([[[]], [['--no-such-option']]])('prints its usage for wrong arguments: %j', (args) => {
    expect(probeName(...args)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('Usage'),
    })
  })
})

describe('probe-registry', () => {
  test("starts with the machine's Node, through a link as npx makes it, and runs with the project's Node", () => {
    const folder = mkdtempSync(join(tmpdir(), 'npx-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    symlinkSync(PROGRAM, join(folder, 'probe-registry'))
    // It reports another version.
    const node = `#!/bin/sh\n[ "$1" != --version ] || exec echo v18.20.4\nexec ${process.execPath} "$@"\n`
    writeFileSync(join(folder, 'node'), node, { mode: 0o755 })
    const env = { PATH: `${folder}:/usr/bin:/bin` }
    expect(ran(join(folder, 'probe-registry'), ['name', '--document'], env)).toEqual({
      status: 0,
      stdout: namesDocument(),
      stderr: '',
    })
  })

  test.each([
    [[], 'no command\n'],
    [['no-such'], 'no command "no-such"\n'],
    [['constructor'], 'no command "constructor"\n'],
    [['../local/main'], 'no command "../local/main"\n'],
  ])('lists its commands if the command is missing or unknown: %j', (args, said) => {
    const { status, stdout, stderr } = ran(PROGRAM, args)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain(`probe-registry: ${said}Usage: `)
    expect(stderr).toMatch(/^ {2}digests +list/m)
  })

  test.each(['backup', 'build', 'cost', 'digests', 'logs', 'name', 'quotas', 'restore'])(
    '%s prints its usage with --help',
    (command) => {
      const { status, stdout, stderr } = ran(PROGRAM, [command, '--help'])
      expect([status, stderr]).toEqual([0, ''])
      expect(stdout).toMatch(new RegExp(`^Usage: probe-registry ${command} `))
      expect(ran(PROGRAM, ['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining(command) })
    },
  )

  test('exits with the status of its command', () => {
    expect(ran(PROGRAM, ['name', '/driver/x/falco_debian']).status).toBe(1)
    expect(ran(PROGRAM, ['name', '--no-such-option']).status).toBe(2)
  })
})
