// Tests the command line of `probe-registry build`, and its answers before it builds anything. test/e2e has the rest.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Asked, askedOf, readOptions } from '../../../client/build/asked.ts'
import { UsageError } from '../../../client/command-line.ts'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { isProbeError } from '../../../lib/model/errors.ts'
import { format, parseProbe } from '../../../lib/names/grammar.ts'
import { configBytes } from '../../support/kconfig/vectors.ts'

const PROGRAM = join(import.meta.dirname, '../../../client/probe-registry.js')
const [OLD, NEW] = ['0.1.1dev+git20220316.e5c53d64', '10.2.0+driver']

let dir: string
let config: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'build-command-'))
  config = join(dir, 'config')
  mkdirSync(join(dir, 'tmp'))
  writeFileSync(config, configBytes('debian_6.1.0-56-amd64'))
})
afterAll(() => rmSync(dir, { recursive: true }))

const asked = (...args: string[]): Promise<Asked> =>
  askedOf({ settings: DEFAULTS, arch: 'x86_64', now: Date.now }, readOptions(args))
const debian = (...args: string[]) => asked('--target', 'debian', '--release', '6.1.192-2-amd64', ...args)
const pathOf = async (found: Promise<Asked>) => format((await found).probe)

describe('a kernel by its name', () => {
  test("means the registry's probe of that name, with the first driver name, as a module", async () => {
    expect(await pathOf(debian('--driver-version', OLD))).toBe(
      `/driver/${OLD}/x86_64/scap_debian_6.1.192-2-amd64_1.ko`,
    )
    expect(await pathOf(debian('--driver-version', NEW))).toBe(
      `/driver/${NEW}/x86_64/falco_debian_6.1.192-2-amd64_1.ko`,
    )
  })

  test('may have another kind, driver name, machine and kernel version', async () => {
    expect(await pathOf(debian('--driver-version', OLD, '--kind', 'ebpf'))).toMatch(/_1\.o$/)
    expect(await pathOf(debian('--driver-version', NEW, '--driver-name', 'scap'))).toMatch(/\/scap_debian_/)
    // Debian's kernel version counts rebuilds. The canonical name has 1.
    expect(await pathOf(debian('--driver-version', OLD, '--kernel-version', '7'))).toMatch(/_1\.ko$/)
    const arm = ['--target', 'debian', '--release', '6.1.192-2-arm64', '--arch', 'aarch64']
    expect(await pathOf(asked(...arm, '--driver-version', OLD))).toMatch(/\/aarch64\/scap_/)
  })

  test.each([
    ['unknown-driver-version', ['--driver-version', '1.0.0+driver']],
    ['unsupported-driver-name', ['--driver-version', OLD, '--driver-name', 'falco']],
    ['unsupported-kind', ['--driver-version', NEW, '--kind', 'ebpf']],
    ['unknown-target', ['--driver-version', OLD, '--target', 'templeos']],
    ['unsupported-kernel', ['--driver-version', OLD, '--release', '6.1.192-mine']],
    ['unsupported-kernel', ['--driver-version', OLD, '--arch', 'aarch64']],
    ['malformed', ['--driver-version', OLD, '--release', '../../etc']],
  ])("is refused with the registry's code: %s", async (code, args) => {
    await expect(debian(...args)).rejects.toMatchObject({ code })
  })

  test('is either refused or is a name that reads back as itself, for any input', async () => {
    const word = fc.oneof(
      fc.constantFrom('debian', '6.1.192-2-amd64', '1', OLD),
      fc.string({ maxLength: 20 }),
    )
    await fc.assert(
      fc.asyncProperty(word, word, word, word, async (target, release, version, driver) => {
        const args = { target, release, 'kernel-version': version, 'driver-version': driver }
        const options = Object.entries(args).map(([name, value]) => `--${name}=${value}`)
        const found = await asked(...options).catch((error: unknown) => error)
        if (found instanceof UsageError || isProbeError(found)) return
        const { probe } = found as Asked
        expect(parseProbe(format(probe)).probe).toEqual(probe)
      }),
    )
  })
})

describe('a kernel by its config', () => {
  const mine = (...args: string[]) =>
    asked('--config', config, '--release', '6.1.0-mine', '--driver-version', OLD, ...args)

  test('means the probe that the registry gives to a host that submits the config', async () => {
    const { probe, record, files } = await mine('--target', 'debian')
    expect(probe).toMatchObject({ target: 'debian', kernelRelease: '6.1.0-mine', kernelVersion: '1' })
    expect(probe.config).toBe(record?.kernel.configSha256)
    expect(record?.kernel).toMatchObject({ unameRelease: '6.1.0-mine', compiler: 'gcc-12', force: false })
    expect(files).toHaveLength(1)
  })

  test("has the name that its host's loader requests, from the facts of the host", async () => {
    const text = '#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-10-20)'
    const found = asked(
      ...['--config', config, '--release', '6.1.0-56-amd64', '--version', text],
      ...['--driver-version', OLD, '--target', 'debian'],
    )
    expect((await found).probe).toMatchObject({ kernelRelease: '6.1.192-2-amd64', target: 'debian' })
    const osRelease = join(dir, 'os-release')
    writeFileSync(osRelease, 'ID=ubuntu\n')
    const { probe } = await asked(
      ...['--config', config, '--release', '6.1.0-1026-aws', '--version', '#30~20.04.2-Ubuntu SMP'],
      ...['--driver-version', OLD, '--os-release', osRelease, '--target', 'ubuntu-aws', '--force'],
    )
    expect(probe).toMatchObject({ target: 'ubuntu-aws', kernelVersion: '30~20.04.2' })
  })

  test("has notes about the config's compiler and the missing Module.symvers", async () => {
    const { notes } = await mine('--target', 'debian')
    expect(notes).toContainEqual(expect.stringContaining('CC_VERSION_TEXT'))
    expect(notes).toContainEqual(expect.stringContaining('Module.symvers'))
  })

  test('is refused with a config of another kernel', async () => {
    await expect(mine('--release', '5.10.0-mine')).rejects.toMatchObject({ code: 'config-mismatch' })
  })

  test.each([
    ['"a b" is not a target', ['--target', 'a b']],
    ['asks for target', ['--target', 'ubuntu-aws', '--os-release', '/dev/null']],
    ['--symvers /no/such: ENOENT', ['--symvers', '/no/such']],
  ])('is refused if the command line is wrong: %s', async (said, args) => {
    const error = await mine(...args).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(UsageError)
    expect((error as Error).message).toContain(said)
  })
})

interface Ran {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

/** Runs the command with its own cache and its own folder of temporary files. */
function build(...args: string[]): Promise<Ran> {
  const own = { XDG_CACHE_HOME: join(dir, 'cache'), TMPDIR: join(dir, 'tmp'), SETTINGS_FILE: '' }
  const env = { ...process.env, ...own }
  const child = spawn(process.execPath, [PROGRAM, 'build', ...args], { env, cwd: dir })
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    said.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    said.err += chunk
  })
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, ...said })))
}

const NAMED = ['--target', 'debian', '--release', '6.1.192-2-amd64', '--driver-version', OLD]

describe('the command', () => {
  test('prints its usage and each exit status', async () => {
    const { status, out, err } = await build('--help')
    expect([status, err]).toEqual([0, ''])
    for (const word of ['Exit status: 0 ', '; 1 ', '; 2 ', '; 3 ', 'not signed']) expect(out).toContain(word)
  })

  test.each([
    ['--driver-version is missing', []],
    ['--release is missing', ['--driver-version', OLD, '--target', 'debian']],
    ['--target is missing', ['--driver-version', OLD, '--release', '6.1.192-2-amd64']],
    ['--kind is kmod or ebpf', [...NAMED, '--kind', 'ko']],
    ["Unknown option '--no-such'", [...NAMED, '--no-such']],
    ["Unexpected argument 'positional'", [...NAMED, 'positional']],
    ['--symvers says something of the kernel of a --config', [...NAMED, '--symvers', '/dev/null']],
    ['--config /no/such: ENOENT', [...NAMED, '--config', '/no/such']],
    ['--out /dev/null/a: /dev/null is not a folder', [...NAMED, '--out', '/dev/null/a']],
    ['release: ', [...NAMED, '--config', '/dev/null', '--release', 'a b']],
  ])('exits with 2, one line and a hint if it is used wrongly: %s', async (said, args) => {
    const { status, out, err } = await build(...args)
    expect([status, out]).toEqual([2, ''])
    expect(err).toMatch(/^probe-registry build: [^\n]+\n`probe-registry build --help` shows how to use it\n$/)
    expect(err).toContain(said)
  })

  test.each([['of templeos', 'no kernels of target "templeos"', ['--target', 'templeos']]])(
    'exits with 1 if no probe can be made: %s',
    async (_, said, args) => {
      const { status, err } = await build(...NAMED, ...args)
      expect([status, err.split('\n').length]).toEqual([1, 2])
      expect(err).toContain(said)
    },
  )

  test('prints no control characters of a terminal', async () => {
    const { err } = await build(...NAMED, '--target', '\x1b[2J')
    expect(err).toMatch(/^[\x20-\x7e\n]+$/)
  })

  test('exits with 3 and names the mirror if it cannot be reached, and leaves nothing', async () => {
    const mirror = 'http://127.0.0.1:9/debian'
    const settings = join(dir, 'away.json')
    const suites = [{ mirror, suite: 'bookworm' }]
    writeFileSync(settings, JSON.stringify({ debian: { suites, snapshot: { mode: 'off' } } }))
    const { status, out, err } = await build(...NAMED, '--settings', settings, '--out', join(dir, 'out'))
    expect([status, out]).toEqual([3, ''])
    expect(err).toMatch(
      /^probe-registry build: [^\n]*http:\/\/127\.0\.0\.1:9\/debian\S* could not be read[^\n]*\n$/,
    )
    expect(existsSync(join(dir, 'out'))).toBe(false)
    expect(readdirSync(join(dir, 'tmp'))).toEqual([])
  })

  test('exits with 3 if the settings are invalid', async () => {
    const settings = join(dir, 'bad.json')
    writeFileSync(settings, JSON.stringify({ budgets: { buildsPerDay: 'many' } }))
    const { status, err } = await build(...NAMED, '--settings', settings)
    expect([status, err]).toEqual([3, expect.stringMatching(/^probe-registry build: .*buildsPerDay.*\n$/)])
  })
})
