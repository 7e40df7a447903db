// The innermost compile step of a build on the live stack lists everything it can see and writes into every open file.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pinned } from '../support/registry/kernels.ts'
import { OWN_DRIVER, ownDriver } from '../support/registry/own-driver.ts'
import { ask, curl, type Registry, scratch, startRegistry } from '../support/registry/registry.ts'

/** Prints lines of `SAW`, a kind, and the thing that it saw. */
const LOOK = [
  'saw() { while IFS= read -r line; do printf "SAW %s %s\\n" "$1" "$line"; done; }',
  'shopt -s nullglob',
  'env | saw variable',
  'for of in /proc/[0-9]*; do',
  '  tr "\\0" " " <$of/cmdline | sed "s/ *\\$/\\n/" | saw process',
  '  { tr "\\0" "\\n" <$of/environ; } 2>/dev/null | saw variable',
  '  for fd in $of/fd/*; do to=$(readlink "$fd") && echo "${fd##*/} $to"; done | saw descriptor',
  'done',
  'cut -d " " -f 4,5 /proc/self/mountinfo | saw mount',
  'sed 1d /proc/net/unix | saw socket',
  'cat /proc/net/{tcp,tcp6,udp,udp6} | grep -v "^ *sl" | saw address',
  'ls /proc/sys/net/ipv4/conf | saw network',
  'cat /proc/keys | saw key',
  'cat /proc/sysvipc/* | grep -v "^ *key" | saw ipc',
  'cut -d : -f 3 /proc/self/cgroup | saw group',
  'find / -path /proc -prune -o -writable ! -type l -print 2>/dev/null | grep -v "^/build/\\|^/tmp/" | saw writable',
  'find / -type s 2>/dev/null | saw socket',
  'for at in usr proc build kernel driver etc/alternatives; do set -- "$@" -path /$at -prune -o; done',
  'find / "$@" ! -type d -print 2>/dev/null | saw file',
  'uname -n | saw host',
  'grep "^\\(Cap\\|NoNewPrivs\\)" /proc/self/status | tr -d "\\t" | saw right',
  'echo looked',
]

/** If a database's journal received these bytes, the database would give other answers after its next start. */
const WRITE = [
  'for fd in $(ls /proc/$$/fd); do',
  '  [ "$fd" -le 2 ] || (exec 2>/dev/null; head -c 65536 /dev/zero | tr "\\0" A >&"$fd" && echo "WROTE $fd $(readlink /proc/$$/fd/$fd)")',
  'done',
  'echo written',
]

const TREE = `[\\w./+-]+`
/** Everything that belongs to the job. Anything else belongs to somebody else. */
const OWN: Readonly<Record<string, RegExp>> = {
  variable: new RegExp(
    `^(PATH=/usr/(bin:/usr/sbin|local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)|HOME=/tmp|LC_ALL=C|TZ=UTC|PWD=/build(/driver)?|OLDPWD=/build|SHLVL=\\d|_=/usr/bin/\\w+|CC=gcc-12|ARCH=x86_64|CROSS=|KIND=kmod|RECIPE=makefile|KERNEL=headers|TREE=${TREE}|DRIVER_NAME=scap|DRIVER_VERSION=1\\.0\\.0\\+own|CLANG=|LLC=|STRIP=strip|KBUILD_BUILD_(TIMESTAMP=Thu Jan  1 00:00:00 UTC 1970|USER=probe|HOST=registry)|SOURCE_DATE_EPOCH=0|KERNELDIR=${TREE}|MAKE(FLAGS|OVERRIDES|LEVEL|_TERMERR|_TERMOUT)=.*|MFLAGS=.*)$`,
  ),
  process: new RegExp(
    `^(bwrap --unshare-all .*|sh -eu /steps/probe/sandbox/compile\\.sh|make -C /build/driver -j\\d+ KERNELDIR=${TREE} CC=gcc-12|bash \\./first\\.sh)$`,
  ),
  // 3 and 4 are make's jobserver. The last two are the file of the probe, and an empty counter of bubblewrap.
  descriptor:
    /^(0 \/dev\/null|[1-4] pipe:\[\d+\]|\d+ \/steps\/probe\/sandbox\/compile\.sh|255 \/build\/driver\/first\.sh|\d+ \/tmp\/probe-build\/probe|\d+ anon_inode:\[eventfd\])$/,
  mount:
    /^(\/newroot \/|[\w./-]*\/roots\/[0-9a-f]{64}\/usr \/usr|[\w./-]*\/roots\/[0-9a-f]{64}\/etc\/alternatives \/etc\/alternatives|\/steps \/steps|\/entered\/tmp\/probe-build\/tree \/inputs|\/entered\/tmp\/probe-build\/(kernel|driver) \/(kernel|driver)|\/ \/(tmp|proc|build|dev(\/pts)?)|\/(\w+) \/dev\/\w+)$/,
  network: /^(all|default|lo)$/,
  group: /^\/$/,
  writable: /^\/(tmp|build|dev(\/(shm|pts|pts\/ptmx|null|zero|full|random|urandom|tty))?)$/,
  file: /^\/(bin|sbin|lib|lib64|steps\/(common|probe)\/[\w/-]+\.sh|dev\/[\w/]+|tmp\/[\w.-]+)$/,
  host: /^build$/,
  right: /^(Cap(Inh|Prm|Eff|Bnd|Amb):0+|NoNewPrivs:1)$/,
}

const kernel = pinned('6.1', 'amd64')
const path = `/driver/${encodeURIComponent(OWN_DRIVER)}/x86_64/scap_debian_${kernel.release}_1.ko`

let work: Awaited<ReturnType<typeof scratch>>
let registry: Registry
let options: Parameters<typeof startRegistry>[0]
let log: string
let first: string

/** The sha256 of the bytes that the URL serves. */
async function served(): Promise<string> {
  const out = join(work.dir, 'probe.ko')
  const got = await curl(['-fsSL', '--retry', '3', '-o', out, registry.url + path])
  const why = got.code === 0 ? '' : (await ask(`${registry.url}${path}.log`, '-L')).body
  expect(got, why).toMatchObject({ code: 0 })
  return createHash('sha256').update(readFileSync(out)).digest('hex')
}

beforeAll(async () => {
  work = await scratch()
  const settings = await ownDriver(join(work.dir, 'driver'), [...LOOK, ...WRITE])
  options = { dataDir: join(work.dir, 'data'), settings, env: { SECRET_OF_THE_OPERATOR: 'hidden' } }
  registry = await startRegistry(options)
  first = await served()
  log = (await curl(['-fsSL', `${registry.url}${path}.log`])).stdout
})
afterAll(async () => {
  await registry.stop()
  await work.remove()
})

test('a compile step sees only its job: no other variable, descriptor, process, mount, socket, key or folder', () => {
  expect(log).toContain('\nlooked\n')
  const seen = [...log.matchAll(/^SAW (\w+) (.*)$/gm)].map(([, kind = '', what = '']) => ({ kind, what }))
  expect(new Set(seen.map(({ kind }) => kind))).toEqual(new Set(Object.keys(OWN)))
  expect(seen.filter(({ kind, what }) => OWN[kind]?.test(what) !== true)).toEqual([])
})

test('a compile step can write only to its output and its own files', () => {
  expect(log).toContain('\nwritten\n')
  expect(log.match(/^WROTE .*$/gm)).toBeNull()
})

test('the registry serves the same bytes of a published probe after a restart', async () => {
  await registry.stop()
  registry = await startRegistry({ ...options, port: Number(new URL(registry.url).port) })
  expect(await served()).toBe(first)
  const { body } = await ask(`${registry.url}${path}.json`)
  expect(JSON.parse(body)).toMatchObject({ state: 'published' })
})

test('the builder has an empty environment, runs in the folder /, and has no open file of the stack', () => {
  const builders = execFileSync('pgrep', ['-P', String(registry.pid)], { encoding: 'utf8' })
    .split('\n')
    .filter((pid) => pid !== '' && /builder-process/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')))
  expect(builders).toHaveLength(1)
  const at = `/proc/${builders[0]}`
  const names = readFileSync(`${at}/environ`, 'utf8').split('\0').filter(Boolean)
  expect(names.filter((name) => !/^NODE_CHANNEL_(FD|SERIALIZATION_MODE)=/.test(name))).toEqual([])
  expect(readlinkSync(`${at}/cwd`)).toBe('/')
  const open = readdirSync(`${at}/fd`).filter((fd) => Number(fd) > 2)
  const to = open.map((fd) => readlinkSync(`${at}/fd/${fd}`).replace(/\[\d+\]$/, ''))
  expect(to.filter((what) => !/^(pipe:|anon_inode:.*|\/dev\/null)$/.test(what))).toEqual(['socket:'])
})
