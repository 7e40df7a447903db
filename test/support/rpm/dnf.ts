// A host that has dnf: Debian's own, with all that it runs on, unpacked into a folder; what is installed on it is rpms alone.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sha256 } from '../../../lib/model/digest.ts'
import { type Apt, archive, CACHE, openApt } from '../builds/apt.ts'
import { bytesOf } from '../builds/archive.ts'
import { closureOf, unpack } from '../debs.ts'
import { mainMirror } from '../mirrors.ts'
import { startInside } from '../systems/inside.ts'

/** Why none can be made here; undefined where one can. */
export const whyNoDnf = (): string | undefined =>
  process.getuid?.() === 0 ? undefined : 'only root can make a system with dnf'

export interface DnfHost {
  readonly root: string
  /** Its exit status, and all that it wrote. */
  run(...command: string[]): Promise<{ readonly status: number; readonly output: string }>
  /** `dnf -y ...`, which must succeed. */
  dnf(...args: string[]): Promise<string>
  write(path: string, text: string): void
  /** names of its rpms, keys aside, with version and release */
  installed(): Promise<string[]>
  remove(): void
}

/** What dnf, rpm, their scripts, and whoever enters the system run. */
const WANTED = ['dnf', 'rpm', 'gpg', 'gpg-agent', 'kmod', 'mount', 'dash', 'coreutils', 'sed', 'grep']
/** What they name and none of this runs: perl with all that is written in it, and what configures packages. */
const LEFT_OUT = ['adduser', 'debconf', 'dpkg', 'gnupg', 'init-system-helpers', 'passwd', 'perl', 'usrmerge']
/** Nor read. */
const UNREAD = ['doc', 'locale', 'man', 'info'].map((name) => `usr/share/${name}`)

/** What is mounted over, some of it by rpm for its scripts, and what they write into. */
const FOLDERS = 'proc sys dev tmp root home run var/log var/tmp var/lib/rpm'.split(' ')

/** As a distribution with dnf sets it up; Debian's rpm has its database in a home. */
const FILES = {
  'etc/dnf/dnf.conf': `[main]
gpgcheck=True
installonly_limit=3
clean_requirements_on_remove=True
best=True
skip_if_unavailable=False
`,
  'etc/rpm/macros': '%_dbpath /var/lib/rpm\n',
}

/** `suite`: whose dnf and rpm; absent: the one of the tests, bookworm. */
export function dnfHost(suite?: string): DnfHost {
  const root = mkdtempSync(join(tmpdir(), 'dnf-host-'))
  // Linked files would be one with those of the next host.
  execFileSync('cp', ['-a', '--reflink=auto', `${treeOf(archiveOf(suite))}/.`, root])
  const run = async (...command: string[]) => {
    const env = { PATH: '/usr/bin:/usr/sbin', HOME: '/root', LANG: 'C.UTF-8' }
    const running = startInside(root, '/', { command, env, seconds: 120, say: () => {} })
    return { status: await running.ended, output: running.output() }
  }
  return {
    root,
    run,
    dnf: async (...args) => {
      const { status, output } = await run('dnf', '-y', ...args)
      if (status !== 0) throw new Error(`dnf ${args.join(' ')} ended with ${status}:\n${output}`)
      return output
    },
    write: (path, text) => write(root, path, text),
    installed: async () => {
      const { output } = await run('rpm', '-qa', '--qf', '%{NAME} %{VERSION}-%{RELEASE}\\n')
      return output
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('gpg-pubkey '))
        .sort()
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}

const archiveOf = (suite: string | undefined): Apt =>
  suite === undefined ? archive() : openApt([{ mirror: mainMirror(), suite }])

function write(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

/** Unpacked once, and kept from one run of the tests to the next. */
function treeOf(apt: Apt): string {
  const packages = closureOf(apt, WANTED, (name) => !LEFT_OUT.includes(name))
  const id = sha256(
    JSON.stringify([WANTED, FOLDERS, FILES, packages.map(({ name, version }) => [name, version])]),
  ).slice(0, 16)
  const tree = join(CACHE, `dnf-${id}`)
  if (existsSync(tree)) return tree
  mkdirSync(CACHE, { recursive: true })
  const made = mkdtempSync(join(CACHE, 'unpacking-'))
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(made, 'usr', name), { recursive: true })
    symlinkSync(`usr/${name}`, join(made, name))
  }
  for (const pkg of packages) unpack(bytesOf(pkg, apt), made)
  for (const name of UNREAD) rmSync(join(made, name), { recursive: true, force: true })
  for (const name of FOLDERS) mkdirSync(join(made, name), { recursive: true })
  for (const [path, text] of Object.entries(FILES)) write(made, path, text)
  // rpm's own macros ask for it by name.
  symlinkSync('dash', join(made, 'usr/bin/bash'))
  try {
    renameSync(made, tree)
  } catch (error) {
    rmSync(made, { recursive: true })
    // Another process was as fast.
    if (!existsSync(tree)) throw error
  }
  return tree
}
