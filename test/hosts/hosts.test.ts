// Compares the loader's output on many kinds of hosts with the transcripts in this folder. A reviewer reads a transcript as the
// host's user does. After a change of the texts, TRANSCRIPTS=write writes them again, for another review.

import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tell } from '../support/builds/apt.ts'
import { ended, type Host, LOADER, makeHost, SHELLS, type Shell } from '../support/client/host.ts'
import { LONG } from '../support/long.ts'
import { type HostRow, hostsOf, SCAP } from './hosts.ts'
import { startWorld, verdictLine, type World } from './world.ts'

const FOLDER = join(import.meta.dirname, 'transcripts')
const WRITE = process.env.TRANSCRIPTS === 'write'
/** The number of hosts that ask at once. */
const AT_ONCE = 10

let world: World
let rows: HostRow[]
const transcripts = new Map<string, Readonly<Record<Shell, string>>>()

beforeAll(async () => {
  if (!LONG) tell("hosts other than Debian's are asked under dash alone: busybox is in npm run test:long")
  world = await startWorld()
  rows = hostsOf(world)
  // The registry has the probe of the ordinary host before the others ask for it.
  const [first, ...others] = rows
  for (const row of [first!]) transcripts.set(row.id, await both(row))
  const waiting = [...others]
  const next = async (): Promise<void> => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift())
      transcripts.set(row.id, await both(row))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, next))
}, 1_200_000)
afterAll(() => world?.stop())

/** Whether the test runs the host under both shells: a host with an unreachable mirror waits for half a minute under each. */
const inBoth = ({ id, shells = ['dash', 'busybox ash'] }: HostRow): boolean =>
  shells.includes('busybox ash') && (LONG || id.startsWith('debian-'))

async function both(row: HostRow): Promise<Readonly<Record<Shell, string>>> {
  const dash = await transcriptOf(row, 'dash')
  return {
    dash,
    'busybox ash': inBoth(row) ? await transcriptOf(row, 'busybox ash') : dash,
  }
}

async function transcriptOf(row: HostRow, shell: Shell): Promise<string> {
  const { raw, config, files = {}, tools = {}, http, without = [] } = row
  const at = config?.at ?? `boot/config-${raw.release}`
  const host = makeHost({
    raw,
    tools,
    without,
    ...(http === undefined ? {} : { http }),
    files: { ...files, ...(config === undefined ? {} : { [at]: config.bytes }) },
  })
  try {
    const lines = [`# ${row.about}`, `# ${raw.release} ${raw.machine}, ${raw.version}`]
    if (config !== undefined) lines.push(`# ${await verdictLine(world, join(host.dir, 'root', at), raw)}`)
    for (let run = 0; run < (row.runs ?? 1); run += 1) lines.push(...(await load(row, host, shell)))
    lines.push(...tail(host))
    return normal(`${lines.join('\n')}\n`, host)
  } finally {
    host.remove()
  }
}

async function load(row: HostRow, host: Host, shell: Shell): Promise<string[]> {
  const { args = [] } = row
  const [command, ...before] = SHELLS[shell]
  const env = environment(row, host)
  const child = spawn(
    '/usr/bin/unshare',
    ['-m', '/bin/sh', '-c', OWN_PROC, 'sh', procOf(host), command, ...before, LOADER, ...args],
    { env, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const { status, stdout } = await ended(child)
  return [`$ ${['falco-driver-loader', ...args].join(' ')}`, stdout.trimEnd(), `exit ${status}`]
}

/**
 * Hides this machine's /proc from a host, except for the clock: a host's files of the kernel are below HOST_ROOT. The first
 * words set a PATH for the shell around the loader, because the host's PATH lacks these tools.
 */
const OWN_PROC =
  'PATH_OF_HOST=$PATH; PATH=/usr/sbin:/usr/bin:/sbin:/bin; mount --bind /proc/uptime "$1/uptime" && mount --bind "$1" /proc || exit 99; PATH=$PATH_OF_HOST; shift; exec "$@" 2>&1'

function procOf({ dir }: Host): string {
  const proc = join(dir, 'proc')
  mkdirSync(proc, { recursive: true })
  writeFileSync(join(proc, 'uptime'), '')
  return proc
}

function environment({ env = {} }: HostRow, host: Host): Record<string, string> {
  const { registry, key, proxies, nobody } = world
  const all = {
    ...host.env,
    ...SCAP,
    DRIVERS_REPO: `${registry.url}/driver`,
    FALCO_PROBES_KEY: key,
    ...env,
  }
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) =>
      value === undefined
        ? []
        : [
            [
              name,
              value
                .replaceAll('REGISTRY', registry.url)
                .replaceAll('NOBODY', nobody)
                .replaceAll('PROXY_DENYING', proxies.denying)
                .replaceAll('PROXY_LOGIN', proxies.login),
            ],
          ],
    ),
  )
}

/** The calls of the kernel's tools, and the files that are left. */
function tail(host: Host): string[] {
  const calls = readOr(host.calls).trimEnd()
  return [
    ...(calls === '' ? ['# nothing was loaded'] : calls.split('\n').map((call) => `# ran: ${call}`)),
    ...host.left().map((file) => `# left: ~/${file}`),
  ]
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** The text without the parts that change in each run: folders, ports, times, keys, and the archive's current kernel. */
function normal(text: string, host: Host): string {
  const { registry, kernel, proxies, nobody } = world
  const version = kernel.release.replace(/-amd64$/, '')
  return (
    text
      .replaceAll(join(host.dir, 'root'), '')
      .replaceAll(join(host.dir, 'home'), '/root')
      .replaceAll(host.dir, '')
      .replaceAll(registry.url, 'https://probes.example')
      .replaceAll(proxies.denying, 'http://proxy.example:3128')
      .replaceAll(proxies.login, 'http://login.example')
      .replaceAll(nobody, 'https://away.example')
      .replaceAll(/127\.0\.0\.1:\d+|127\.0\.0\.1 port \d+/g, 'mirror.example')
      .replaceAll(/\/config\/[0-9a-f]{64}/g, '/config/DIGEST')
      // The packages that the archive has today.
      .replaceAll(/\(there is [^)]*\)/g, '(there is ...)')
      .replaceAll(/Use one of these: .* \(read at/g, 'Use one of these: 0.23.2, 0.20.0 (read at')
      .replaceAll(kernel.unameRelease, '6.1.0-56-amd64')
      .replaceAll(version, '6.1.192-2')
      .replaceAll(version.replace(/-.*/, ''), '6.1.192')
      // The duration, and whether an earlier run already failed to reach the same mirror.
      .replaceAll(/^ {2}(?:building, \d+ s|HTTP .*; next try in \d+ s)\n/gm, '')
      .replaceAll(/\b\d+ s\b/g, '1 s')
      .replaceAll(/\b\d+ ms\b/g, '1 ms')
      .replaceAll(/key [0-9A-F]{16,40}/g, 'key 3A27B4F6ABB6A7814A91C7FDBD657C89FA4E7CA2')
      .replaceAll(/\.ko\.\d+(?=[/:])/g, '.ko.PID')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '2026-11-27T12:00:00.000Z')
  )
}

describe("the loader's output", () => {
  test('is the same under dash and busybox', () => {
    for (const { id } of rows) {
      const { dash, 'busybox ash': busybox } = transcripts.get(id)!
      expect(busybox, id).toBe(dash)
    }
  })

  test('is equal to the reviewed transcripts of at least 60 hosts', () => {
    expect(rows.length).toBeGreaterThanOrEqual(60)
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
    if (WRITE) mkdirSync(FOLDER, { recursive: true })
    for (const { id } of rows) {
      const file = join(FOLDER, `${id}.txt`)
      if (WRITE) writeFileSync(file, transcripts.get(id)!.dash)
      expect(transcripts.get(id)!.dash, id).toBe(readFileSync(file, 'utf8'))
    }
    expect(readdirSync(FOLDER).sort()).toEqual(rows.map(({ id }) => `${id}.txt`).sort())
  })

  /** Words that name a next step, or its place. */
  const NEXT =
    /\b(?:send|submit|install|set|mend|ask|use|run|try|boot|upgrade|name|put|get|stop|sign|mount|see|load|look|look up|enroll|remove|check)\b|again/i
  test('of a failed run names a next step', () => {
    for (const { id } of rows) {
      const { dash } = transcripts.get(id)!
      if (/^exit 0$/m.test(dash)) continue
      expect(dash.slice(dash.indexOf('$ ')), id).toMatch(NEXT)
    }
  })

  test('is printable ASCII, without regular expressions or internal terms', () => {
    for (const { id } of rows) {
      const { dash } = transcripts.get(id)!
      const said = dash.slice(dash.indexOf('$ '))
      expect(said, id).toMatch(/^[\x20-\x7e\n]*$/)
      expect(said, id).not.toMatch(/\[A-Z|\\d|undefined|\[object|NaN|Error:/)
    }
  })
})
