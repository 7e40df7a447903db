// Tests that `probe-registry build` builds the same bytes as a registry does, without any data of that registry.

import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../lib/model/digest.ts'
import { commandsOf, documents } from '../support/documents/markdown.ts'
import { hostFiles } from '../support/registry/host-files.ts'
import { type DebianKernel, pinned } from '../support/registry/kernels.ts'
import { ask, curl, DRIVER_VERSION, scratch, startRegistry, TRIED } from '../support/registry/registry.ts'
import { testLong, testUnless } from '../support/unless.ts'

const ROOT = join(import.meta.dirname, '../..')
const MINUTES = 60_000
const PROGRAM = join(ROOT, 'client/probe-registry.js')
/** A user id that this machine does not use. */
const USER = 64123
/** Only root can become another user, and only where other users may read the clone. */
const otherUser =
  process.getuid?.() === 0 && spawnSync('test', ['-r', PROGRAM], { uid: USER, gid: USER }).status === 0

let work: Awaited<ReturnType<typeof scratch>>
let kernel: DebianKernel
let settings: string
/** sha256 of what the registry served, by file */
const served = new Map<string, string>()
let story: { manifest: object }

const fileOf = ({ release }: DebianKernel, extension: 'ko' | 'o' = 'ko') =>
  `scap_debian_${release}_1.${extension}`

beforeAll(async () => {
  work = await scratch()
  // Another user has to pass through this folder.
  chmodSync(work.dir, 0o755)
  kernel = pinned('6.1', 'amd64')
  const registry = await startRegistry({ dataDir: join(work.dir, 'data'), settings: TRIED })
  try {
    for (const file of [fileOf(kernel), fileOf(kernel, 'o')]) {
      const url = `${registry.url}/driver/${encodeURIComponent(DRIVER_VERSION)}/x86_64/${file}`
      const got = await curl(['-fsSLo', join(work.dir, file), '--max-time', '60', '--retry', '5', url])
      expect(got, (await ask(`${url}.log`, '-L')).body).toMatchObject({ code: 0 })
      served.set(file, sha256(readFileSync(join(work.dir, file))))
      if (file.endsWith('.ko')) story = JSON.parse((await ask(`${url}.json`)).body)
    }
  } finally {
    await registry.stop()
  }
  // The settings of the registry, with the test's own suites.
  settings = join(work.dir, 'data', 'test-settings.json')
  const { config } = await hostFiles(kernel.unameRelease)
  writeFileSync(join(work.dir, 'config'), config)
  writeFileSync(join(work.dir, 'os-release'), 'ID=debian\nVERSION_ID="12"\n')
}, 10 * MINUTES)
afterAll(() => work.remove())

interface Ran {
  readonly status: number | string | null
  readonly out: string
  readonly err: string
}

interface Way {
  readonly uid?: number
  readonly env?: Readonly<Record<string, string>>
  /** sends Ctrl-C once this is true of the standard error so far */
  readonly interrupt?: (err: string) => boolean
}

/** In the project's folder, as a user types it. */
function run(command: string, { uid, env = {}, interrupt = () => false }: Way = {}): Promise<Ran> {
  const child = spawn('sh', ['-c', command], {
    cwd: ROOT,
    env: { ...process.env, SETTINGS_FILE: settings, ...env },
    detached: true,
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    said.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    const before = interrupt(said.err)
    said.err += chunk
    // A terminal's Ctrl-C reaches the whole foreground group.
    if (!before && interrupt(said.err)) process.kill(-(child.pid ?? 0), 'SIGINT')
  })
  return new Promise((resolve) =>
    child.on('close', (status, signal) => resolve({ status: status ?? signal, ...said })),
  )
}

const [BY_NAME = '', BY_CONFIG = ''] = documents()
  .flatMap(commandsOf)
  .filter((line) => line.startsWith('npx --no-install probe-registry build'))

/** A command of the documents, with this test's kernel, files and folder. */
const here = (command: string, out: string): string =>
  command
    .replace('6.1.192-2-amd64', kernel.release)
    .replace('/boot/config-$(uname -r)', join(work.dir, 'config'))
    .replace('/etc/os-release', join(work.dir, 'os-release'))
    .replace('"$(uname -r)"', kernel.unameRelease)
    .replace('"$(uname -v)"', `'#1 SMP Debian ${kernel.release.replace(/-amd64$/, '')} (2026-10-20)'`)
    .replace('--out probes', `--out ${out}`)

/** Without npx: it is for the owner of the clone, and returns no exit status if a signal ends it. */
const direct = (command: string): string =>
  command.replace('npx --no-install probe-registry', `exec ${process.execPath} ${PROGRAM}`)

/** The processes that have a folder of such a build mounted. */
const inSandboxes = (): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => mountsOf(pid).includes('/probe-registry-build-'))

function mountsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
  } catch {
    return ''
  }
}

describe('a build without a registry', () => {
  test('makes the bytes that the registry serves, as an ordinary user with an empty cache', async () => {
    const home = join(work.dir, 'home')
    await mkdir(home)
    if (otherUser) chownSync(home, USER, USER)
    const out = join(home, 'probes')
    const env = { HOME: home, XDG_CACHE_HOME: join(home, 'cache'), SETTINGS_FILE: copied(home) }
    const {
      status,
      out: printed,
      err,
    } = await run(direct(here(BY_NAME, out)), {
      ...(otherUser ? { uid: USER } : {}),
      env,
    })
    expect(status, err).toBe(0)
    const file = fileOf(kernel)
    expect(printed).toBe(`${served.get(file)}  ${join(out, file)}\n`)
    expect(sha256(readFileSync(join(out, file)))).toBe(served.get(file))
    expect(err).toMatch(/^fetching http\S+, \d+ [KM]B$/m)
    expect(err).toMatch(/^build root of gcc-12: unpacked (\d+) of \1 MB$/m)
    expect(err).toMatch(/^build: compile$/m)
    expect(err).toMatch(/^it is not signed: /m)
    expect(readdirSync(out).sort()).toEqual([file, `${file}.json`, `${file}.log`])
  })

  test('writes the same manifest as the registry', () => {
    const path = join(work.dir, 'home/probes', `${fileOf(kernel)}.json`)
    const own = JSON.parse(readFileSync(path, 'utf8'))
    expect(own).toMatchObject({ state: 'built', signed: false, sha256: served.get(fileOf(kernel)) })
    const { timings: _, ...mine } = own.manifest
    const { timings: __, ...theirs } = story.manifest as { timings: unknown }
    expect(mine).toEqual(theirs)
    expect(own.statement).toContain(`!uname-release=${kernel.unameRelease}`)
  })

  testLong('of an eBPF object is the very bytes, too', async () => {
    const out = join(work.dir, 'ebpf')
    const ran = await run(`${here(BY_NAME, out)} --kind ebpf`)
    expect(ran, ran.err).toMatchObject({ status: 0 })
    expect(ran.out).toBe(`${served.get(fileOf(kernel, 'o'))}  ${join(out, fileOf(kernel, 'o'))}\n`)
  })

  testLong("by the config of Debian's own kernel is Debian's own probe", async () => {
    const out = join(work.dir, 'by-config')
    const ran = await run(here(BY_CONFIG, out))
    expect(ran, ran.err).toMatchObject({ status: 0 })
    expect(ran.err).toMatch(/^that config is of the distribution's own kernel: /m)
    expect(ran.out).toBe(`${served.get(fileOf(kernel))}  ${join(out, fileOf(kernel))}\n`)
  })

  test('exits with 1 if the driver does not compile, and leaves the compiler’s errors and a log, but no probe', async () => {
    const broken = pinned('6.12', 'amd64')
    const out = join(work.dir, 'broken')
    const ran = await run(here(BY_NAME, out).replace(kernel.release, broken.release))
    expect([ran.status, ran.out]).toEqual([1, ''])
    expect(ran.err).toMatch(/^probe-registry build: the driver does not compile .*\n.*error:/m)
    expect(readdirSync(out)).toEqual([`${fileOf(broken)}.log`])
    expect(readFileSync(join(out, `${fileOf(broken)}.log`), 'utf8')).toContain('error:')
  })

  test('exits with 1 and one line of error if the archive does not have the kernel', async () => {
    const ran = await run(here(BY_NAME, join(work.dir, 'none')).replace(kernel.release, '6.1.999-1-amd64'))
    expect([ran.status, ran.out]).toEqual([1, ''])
    expect(ran.err).toMatch(/^probe-registry build: .*6\.1\.999-1.*\n$/m)
    expect(existsSync(join(work.dir, 'none'))).toBe(false)
  })

  testUnless(otherUser ? undefined : 'this user may not become another')(
    'where there are no user namespaces says so, and what to do',
    async () => {
      const none = 'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all "$@"'
      const command = direct(here(BY_NAME, join(work.dir, 'none'))).replace('exec ', '')
      const ran = await run(`exec unshare --user --map-root-user sh -c '${none}' sh ${command}`)
      expect([ran.status, ran.out]).toEqual([3, ''])
      expect(ran.err).toMatch(/^probe-registry build: .*may not create user namespaces.* Allow them, .*\n$/m)
      expect(existsSync(join(work.dir, 'none'))).toBe(false)
    },
  )

  test('leaves no probe, no folder and no running process if it is interrupted', async () => {
    const [out, temporary] = [join(work.dir, 'interrupted'), join(work.dir, 'tmp')]
    await mkdir(temporary)
    const ran = await run(direct(here(BY_NAME, out)), {
      env: { TMPDIR: temporary },
      interrupt: (err) => /^build: compile$/m.test(err),
    })
    expect([ran.status, ran.out], ran.err).toEqual([130, ''])
    expect(existsSync(out)).toBe(false)
    expect(readdirSync(temporary)).toEqual([])
    await expect.poll(inSandboxes, { timeout: 10_000 }).toEqual([])
  })
})

/** Copies the settings to a folder that the other user can read: that user may not enter the folder of a registry's data. */
function copied(home: string): string {
  const file = join(home, 'settings.json')
  writeFileSync(file, readFileSync(settings))
  return file
}
