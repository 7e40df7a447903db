import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const SETUP = join(ROOT, 'local/setup.sh')
const NOBODY = 65534

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'setup-'))
  chmodSync(home, 0o755)
  mkdirSync(join(home, 'local'))
  cpSync(SETUP, join(home, 'local/setup.sh'))
  project('one')
})
afterEach(() => rmSync(home, { recursive: true }))

/** A project whose one dependency is a folder in it: `npm ci` of it needs no network. */
function project(dependency: string): void {
  const own = { name: 'small', version: '1.0.0', dependencies: { [dependency]: `file:${dependency}` } }
  const packages = {
    '': own,
    [dependency]: { version: '1.0.0' },
    [`node_modules/${dependency}`]: { resolved: dependency, link: true },
  }
  writeJson('package.json', own)
  writeJson('package-lock.json', {
    name: 'small',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages,
  })
  mkdirSync(join(home, dependency), { recursive: true })
  writeJson(`${dependency}/package.json`, { name: dependency, version: '1.0.0' })
}

const writeJson = (path: string, value: unknown) => writeFileSync(join(home, path), JSON.stringify(value))

interface Setting {
  readonly env?: Readonly<Record<string, string>>
  readonly asNobody?: boolean
}

/** What a set-up in the small project says, and how it ends. */
function setUp(mode: string, { env = {}, asNobody = false }: Setting = {}) {
  const command = ['/bin/sh', join(home, 'local/setup.sh'), mode]
  const drop = asNobody && process.getuid?.() === 0
  const whole = drop
    ? ['/usr/bin/setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', ...command]
    : command
  const { status, stdout, stderr } = spawnSync(whole[0] ?? '', whole.slice(1), {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

/** A folder of the machine's own tools, as a whole PATH. */
function pathOf(...tools: string[]): string {
  const folder = mkdtempSync(join(home, 'bin-'))
  for (const tool of tools) {
    symlinkSync(
      spawnSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim(),
      join(folder, tool),
    )
  }
  return folder
}
const PLAIN = ['cat', 'dirname', 'flock', 'grep', 'id', 'paste', 'sh', 'sha256sum', 'tr', 'uname']

describe('system packages', () => {
  /** The machine's own database of packages, but for one. */
  function databaseWithout(missing: string): string {
    const database = join(home, 'dpkg')
    mkdirSync(join(database, 'info'), { recursive: true })
    const entries = readFileSync('/var/lib/dpkg/status', 'utf8').split('\n\n')
    writeFileSync(
      join(database, 'status'),
      entries.filter((entry) => !entry.startsWith(`Package: ${missing}\n`)).join('\n\n'),
    )
    return database
  }

  test('a user who is not root is told the one command, and nothing is done', () => {
    const result = setUp('run', { env: { DPKG_ADMINDIR: databaseWithout('bubblewrap') }, asNobody: true })
    expect(result).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'setup: packages are missing. As root, run: apt-get update && apt-get install -y --no-install-recommends bubblewrap\n',
    })
    expect(existsSync(join(home, 'node_modules'))).toBe(false)
  })

  test('what only the tests need is not asked for by npm start', () => {
    const env = { DPKG_ADMINDIR: databaseWithout('shellcheck') }
    expect(setUp('test', { env, asNobody: true }).stderr).toMatch(/--no-install-recommends shellcheck\n$/)
    expect(setUp('run', { env }).status).toBe(0)
  })

  test('without apt, the commands that are missing are named', () => {
    const result = setUp('run', { env: { PATH: pathOf(...PLAIN, 'clang', 'curl') } })
    expect(result.status).toBe(1)
    expect(result.stderr).toMatch(/^setup: no apt-get here .* Install these commands: bwrap .*\n$/)
    expect(result.stderr).not.toMatch(/ clang| curl/)
  })
})

describe('npm packages', () => {
  test('are installed once for a lock file, and again when it changes', () => {
    expect(setUp('run')).toEqual({ status: 0, stdout: 'setup: npm ci\n', stderr: '' })
    expect(setUp('run')).toEqual({ status: 0, stdout: '', stderr: '' })
    project('two')
    expect(setUp('run').stdout).toBe('setup: npm ci\n')
    expect(existsSync(join(home, 'node_modules/two'))).toBe(true)
    expect(existsSync(join(home, 'node_modules/one'))).toBe(false)
  })

  test('that were half installed are installed again', () => {
    mkdirSync(join(home, 'node_modules/half'), { recursive: true })
    expect(setUp('run').stdout).toBe('setup: npm ci\n')
    expect(existsSync(join(home, 'node_modules/half'))).toBe(false)
  })

  test('that cannot be installed fail with one clear line after the end of the log, and are tried again', () => {
    writeJson('package.json', { name: 'small', version: '1.0.0', dependencies: { three: 'file:three' } })
    const failed = setUp('run')
    expect(failed.status).toBe(1)
    expect(failed.stderr).toMatch(/npm ci/)
    expect(failed.stderr.trimEnd().split('\n').at(-1)).toBe(
      `setup: 'npm ci --include=dev --include=optional' failed; all it said is in ${home}/.build/setup.log`,
    )
    project('three')
    expect(setUp('run').status).toBe(0)
  })
})

describe('Node', () => {
  test('missing altogether is told in one line', () => {
    expect(setUp('run').status).toBe(0)
    const tools = ['dpkg-query', 'apt-get', ...PLAIN]
    expect(setUp('run', { env: { PATH: pathOf(...tools) } }).stderr).toMatch(
      /^setup: Node 24 is needed; found: none\. Its npm packages exist for .*\n$/,
    )
  })

  test('24 of the npm packages is taken before the one of the machine', () => {
    expect(setUp('run').status).toBe(0)
    mkdirSync(join(home, 'node_modules/.bin'), { recursive: true })
    symlinkSync(process.execPath, join(home, 'node_modules/.bin/node'))
    expect(setUp('run', { env: { PATH: pathOf('dpkg-query', 'apt-get', ...PLAIN) } }).status).toBe(0)
  })
})

test('an unknown mode is refused', () => {
  expect(setUp('walk')).toEqual({
    status: 1,
    stdout: '',
    stderr: 'setup: usage: sh local/setup.sh run|test\n',
  })
})

test.each(['local/setup.sh', '.ci/run'])('%s is clean by shellcheck', (script) => {
  const { status, stdout } = spawnSync('shellcheck', [join(ROOT, script)], { encoding: 'utf8' })
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
})
