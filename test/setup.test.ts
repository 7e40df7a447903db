import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const SCRIPTS = ['local/setup.sh', 'local/node.sh']
const NOBODY = 65534

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'setup-'))
  chmodSync(home, 0o755)
  mkdirSync(join(home, 'local'))
  for (const name of SCRIPTS) cpSync(join(ROOT, name), join(home, name))
  project('one')
})
afterEach(() => rmSync(home, { recursive: true }))

/** A project whose dependencies are folders in it: `npm ci` of it needs no network. */
function project(...dependencies: readonly string[]): void {
  const own = {
    name: 'small',
    version: '1.0.0',
    scripts: { install: 'command -v node >ran-on' },
    dependencies: Object.fromEntries(dependencies.map((name) => [name, `file:${name}`])),
  }
  const folders = dependencies.flatMap((name) => [
    [name, { version: '1.0.0' }],
    [`node_modules/${name}`, { resolved: name, link: true }],
  ])
  writeJson('package.json', own)
  writeJson('package-lock.json', {
    name: 'small',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages: { '': own, ...Object.fromEntries(folders) },
  })
  for (const name of dependencies) {
    mkdirSync(join(home, name), { recursive: true })
    writeJson(`${name}/package.json`, { name, version: '1.0.0' })
  }
}

/** A project that brings its own Node 24, as this one does. A file, not a link: some npm 9 leave links out. */
const NODE = `node-linux-${process.arch}`
function projectWithNode(): void {
  project('one', NODE)
  mkdirSync(join(home, NODE, 'bin'))
  script(join(home, NODE, 'bin/node'), `exec ${process.execPath} "$@"`)
}

/** A PATH on which the machine's Node reports this version. */
function machineNode(version: string): string {
  const folder = mkdtempSync(join(home, 'machine-'))
  script(
    join(folder, 'node'),
    `[ "$1" != --version ] || exec echo ${version}`,
    `exec ${process.execPath} "$@"`,
  )
  return `${folder}:${process.env.PATH}`
}

const script = (path: string, ...lines: readonly string[]) =>
  writeFileSync(path, ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 })

const writeJson = (path: string, value: unknown) => writeFileSync(join(home, path), JSON.stringify(value))

interface Setting {
  readonly env?: Readonly<Record<string, string>>
  readonly asNobody?: boolean
}

/** Runs a set-up in the small project. Returns its output and its exit status. */
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

/** A folder with only these tools of the machine, as the complete PATH. */
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
  /** The machine's own database of packages without one package. */
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

  test('a user who is not root gets the one command to run, and nothing is installed', () => {
    const result = setUp('test', { env: { DPKG_ADMINDIR: databaseWithout('bubblewrap') }, asNobody: true })
    expect(result).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'setup: packages are missing. As root, run: apt-get update && apt-get install -y --no-install-recommends bubblewrap\n',
    })
    expect(existsSync(join(home, 'node_modules'))).toBe(false)
  })

  test('are not required for npm start', () => {
    expect(setUp('node', { env: { DPKG_ADMINDIR: databaseWithout('bubblewrap') } }).status).toBe(0)
  })

  test('without apt, the commands that are missing are named', () => {
    const result = setUp('test', { env: { PATH: pathOf(...PLAIN, 'clang', 'curl') } })
    expect(result.status).toBe(1)
    expect(result.stderr).toMatch(/^setup: apt-get is not available\. Install these commands: bwrap .*\n$/)
    expect(result.stderr).not.toMatch(/ clang| curl/)
  })
})

describe('npm packages', () => {
  test('are installed once for a lock file, and again when it changes', () => {
    expect(setUp('node')).toEqual({ status: 0, stdout: 'setup: npm ci\n', stderr: '' })
    expect(setUp('node')).toEqual({ status: 0, stdout: '', stderr: '' })
    project('two')
    expect(setUp('node').stdout).toBe('setup: npm ci\n')
    expect(existsSync(join(home, 'node_modules/two'))).toBe(true)
    expect(existsSync(join(home, 'node_modules/one'))).toBe(false)
  })

  test('include a link to the project’s own command, because npx remembers a folder without it', () => {
    setUp('node')
    const link = join(home, 'node_modules/.bin/probe-registry')
    expect(join(home, 'node_modules/.bin', readlinkSync(link))).toBe(join(home, 'client/probe-registry.js'))
  })

  test('that were half installed are installed again', () => {
    mkdirSync(join(home, 'node_modules/half'), { recursive: true })
    expect(setUp('node').stdout).toBe('setup: npm ci\n')
    expect(existsSync(join(home, 'node_modules/half'))).toBe(false)
  })

  test('that cannot be installed fail with one clear line after the end of the log, and are tried again', () => {
    writeJson('package.json', { name: 'small', version: '1.0.0', dependencies: { three: 'file:three' } })
    const failed = setUp('node')
    expect(failed.status).toBe(1)
    expect(failed.stderr).toMatch(/npm ci/)
    expect(failed.stderr.trimEnd().split('\n').at(-1)).toBe(
      `setup: 'npm ci --include=dev --include=optional' failed; its complete output is in ${home}/.build/setup.log`,
    )
    project('three')
    expect(setUp('node').status).toBe(0)
  })
})

describe('Node', () => {
  const said = (PATH: string) => setUp('node', { env: { PATH } })

  test('of the machine that is too old or missing is reported in one line', () => {
    expect(said(machineNode('v16.20.2')).stderr).toBe('setup: Node 18 or later is needed; found: v16.20.2\n')
    expect(said(pathOf('dpkg-query', 'apt-get', 'npm', ...PLAIN)).stderr).toBe(
      'setup: Node 18 or later is needed; found: none\n',
    )
    expect(said(pathOf('dpkg-query', 'apt-get', ...PLAIN)).stderr).toBe(
      'setup: npm is missing: install Node 18 or later, with npm\n',
    )
    expect(existsSync(join(home, 'node_modules'))).toBe(false)
  })

  test('18 of the machine brings Node 24, and on that npm installs the packages', () => {
    projectWithNode()
    const { status, stdout } = said(machineNode('v18.20.4'))
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: 'setup: npm ci --omit=dev, for Node 24\nsetup: npm ci\n',
    })
    expect(readFileSync(join(home, 'ran-on'), 'utf8')).toBe(`${home}/.build/node/bin/node\n`)
    expect(existsSync(join(home, '.build/node'))).toBe(false)
  })

  test('24 that npm installed is found by its path, where no .bin/node is linked', () => {
    projectWithNode()
    expect(said(machineNode('v18.20.4')).status).toBe(0)
    expect(existsSync(join(home, 'node_modules/.bin/node'))).toBe(false)
    const found = spawnSync('/bin/sh', [join(home, 'local/node.sh'), '-p', 'process.version'], {
      env: { PATH: machineNode('v18.20.4') },
      encoding: 'utf8',
    })
    expect(found).toMatchObject({ stdout: `${process.version}\n`, stderr: '' })
    expect(said(machineNode('v18.20.4'))).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  test('24 that was removed is installed again', () => {
    projectWithNode()
    expect(said(machineNode('v18.20.4')).status).toBe(0)
    rmSync(join(home, 'node_modules', NODE), { recursive: true })
    expect(said(machineNode('v18.20.4')).stdout).toMatch(/npm ci\n$/)
    expect(existsSync(join(home, 'node_modules', NODE, 'bin/node'))).toBe(true)
  })

  test('24 that npm does not have for this machine is reported in one line', () => {
    expect(said(machineNode('v18.20.4')).stderr).toMatch(
      /^setup: npm installed no Node 24 that runs on Linux \w+: its packages are for Linux with glibc on x64 and arm64\. .*setup\.log\n$/,
    )
  })

  test('24 that is not installed yet is reported with the command that installs it', () => {
    const { status, stderr } = spawnSync('/bin/sh', [join(home, 'local/node.sh'), 'any.ts'], {
      env: { PATH: machineNode('v20.19.2') },
      encoding: 'utf8',
    })
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'local/node.sh: Node 24 is needed; found: v20.19.2. Run: sh local/setup.sh node\n',
    })
  })
})

test('an unknown mode is refused', () => {
  expect(setUp('walk')).toEqual({
    status: 1,
    stdout: '',
    stderr: 'setup: usage: sh local/setup.sh node|test\n',
  })
})

test.each([...SCRIPTS, 'local/start.sh', 'cdk/deploy.sh', 'cdk/first-deploy.sh', '.ci/run'])(
  '%s has no shellcheck findings',
  (script) => {
    const { status, stdout } = spawnSync('shellcheck', [join(ROOT, script)], { encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
  },
)
