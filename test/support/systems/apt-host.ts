// A small Debian with apt and kmod in a folder: a suite's packages are unpacked and listed as installed for dpkg. No package
// is configured, but everything that apt and dpkg run is there.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { openApt } from '../builds/apt.ts'
import { bytesOf } from '../builds/archive.ts'
import { closureOf, unpack } from '../debs.ts'
import { mainMirror } from '../mirrors.ts'
import { startInside } from './inside.ts'

export interface AptHost {
  /** Runs a script with sh as root; returns its exit status and output. */
  run(script: string): Promise<{ readonly status: number; readonly output: string }>
  write(path: string, body: string | Uint8Array): void
  has(path: string): boolean
  read(path: string): Uint8Array
  remove(): void
}

/** Packages of a host's own installation, in addition to apt's dependencies. */
const PACKAGES = [
  'apt',
  'dpkg',
  'kmod',
  'coreutils',
  'dash',
  'grep',
  'libc-bin',
  'sed',
  'tar',
  'diffutils',
  'findutils',
  'gpgv',
  'mawk',
  'mount',
]
const ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' }

export function aptHost(suite: 'bookworm' | 'trixie'): AptHost {
  const root = mkdtempSync(`/var/tmp/apt-host-${suite}-`)
  try {
    fill(root, suite)
  } catch (error) {
    rmSync(root, { recursive: true })
    throw error
  }
  const write = (path: string, body: string | Uint8Array): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), body)
  }
  write('etc/apt/apt.conf.d/test', 'APT::Sandbox::User "root";\nAcquire::Languages "none";\n')
  return {
    write,
    run: async (script) => {
      const running = startInside(root, '/', {
        ...{ command: ['sh', '-ec', script], env: ENV, seconds: 120, say: () => {} },
      })
      return { status: await running.ended, output: running.output() }
    },
    has: (path) => existsSync(join(root, path)),
    read: (path) => readFileSync(join(root, path)),
    remove: () => void execFileSync('rm', ['-rf', '--one-file-system', root]),
  }
}

function fill(root: string, suite: string): void {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', name), { recursive: true })
    symlinkSync(`usr/${name}`, join(root, name))
  }
  for (const name of [
    'dev',
    'proc',
    'sys',
    'tmp',
    'etc',
    'var/lib/dpkg/updates',
    'var/lib/dpkg/info',
    'var/log/apt',
    'var/cache/apt',
  ])
    mkdirSync(join(root, name), { recursive: true })
  const apt = openApt([{ mirror: mainMirror(), suite }])
  const debs = closureOf(apt, PACKAGES).map((pkg) => bytesOf(pkg, apt))
  writeFileSync(join(root, 'var/lib/dpkg/status'), debs.map((deb) => installed(deb, root)).join('\n'))
  for (const [name, target] of Object.entries({ sh: 'dash', awk: 'mawk' }))
    if (!existsSync(join(root, 'bin', name))) symlinkSync(target, join(root, 'bin', name))
  // This file makes apt run a perl script with questions, which the host does not need.
  rmSync(join(root, 'etc/apt/apt.conf.d/70debconf'), { force: true })
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n')
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n')
}

/** Unpacks the package; returns its stanza for dpkg's own list. */
function installed(deb: Uint8Array, root: string): string {
  unpack(deb, root)
  const file = join(root, 'tmp/package.deb')
  writeFileSync(file, deb)
  const control = execFileSync('dpkg-deb', ['-f', file], { encoding: 'utf8' })
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(control)?.[1] ?? ''
  const own = field('Multi-Arch') === 'same' ? `:${field('Architecture')}` : ''
  writeFileSync(join(root, `var/lib/dpkg/info/${field('Package')}${own}.list`), '')
  return `Status: install ok installed\n${control.trimEnd()}\n`
}
