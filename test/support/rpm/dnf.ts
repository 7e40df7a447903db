// A host with dnf: Debian's dnf and its dependencies are unpacked into a folder; only rpms count as installed on it.

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

/** Why this machine cannot make such a host; undefined if it can. */
export const whyNoDnf = (): string | undefined =>
  process.getuid?.() === 0 ? undefined : 'only root can make a system with dnf'

export interface DnfHost {
  readonly root: string
  /** Returns the exit status and the complete output. */
  run(...command: string[]): Promise<{ readonly status: number; readonly output: string }>
  /** Runs `dnf -y ...`, which must succeed. */
  dnf(...args: string[]): Promise<string>
  write(path: string, text: string): void
  /** names of its rpms, without keys, with version and release */
  installed(): Promise<string[]>
  remove(): void
}

/** Programs that dnf, rpm, their scripts and the tests run. */
const WANTED = ['dnf', 'rpm', 'gpg', 'gpg-agent', 'kmod', 'mount', 'dash', 'coreutils', 'sed', 'grep']
/** Dependencies that none of these runs: perl with its programs, and programs that configure packages. */
const LEFT_OUT = ['adduser', 'debconf', 'dpkg', 'gnupg', 'init-system-helpers', 'passwd', 'perl', 'usrmerge']
/** Nothing reads these. */
const UNREAD = ['doc', 'locale', 'man', 'info'].map((name) => `usr/share/${name}`)

/** Mount points, some of them for rpm's scripts, and folders that these write to. */
const FOLDERS = 'proc sys dev tmp root home run var/log var/tmp var/lib/rpm'.split(' ')

/** The setup of a distribution with dnf; Debian's rpm would have its database in a home folder. */
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

/** `suite`: the Debian suite of dnf and rpm; absent: the suite of the tests, bookworm. */
export function dnfHost(suite?: string): DnfHost {
  const root = mkdtempSync(join(tmpdir(), 'dnf-host-'))
  // A copy, because hard links would share the files with the next host.
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

/** Unpacks it once, and keeps it between test runs. */
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
  // rpm's own macros need bash by name.
  symlinkSync('dash', join(made, 'usr/bin/bash'))
  try {
    renameSync(made, tree)
  } catch (error) {
    rmSync(made, { recursive: true })
    // Another process made it at the same time.
    if (!existsSync(tree)) throw error
  }
  return tree
}
