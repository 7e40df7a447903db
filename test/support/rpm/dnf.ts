// A host that has dnf: Debian's own, with all that it runs on, unpacked into a folder; what is installed on it is rpms alone.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sha256 } from '../../../lib/model/digest.ts'
import { type Apt, archive, CACHE, type Listed } from '../builds/apt.ts'
import { bytesOf } from '../builds/archive.ts'
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
const WANTED = ['dnf', 'rpm', 'python3-minimal', 'gpg', 'gpg-agent', 'kmod', 'mount']
const SYSTEM = ['dash', 'coreutils', 'sed', 'grep']
/** What they name and none of this runs. */
const LEFT_OUT = ['adduser', 'debconf', 'dpkg', 'gnupg', 'init-system-helpers', 'media-types', 'passwd']
const LEFT_OUT_TOO = ['perl', 'pinentry-curses', 'python3-lib2to3', 'usrmerge', 'libfile-find-rule-perl']

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

export function dnfHost(): DnfHost {
  const root = mkdtempSync(join(tmpdir(), 'dnf-host-'))
  // Linked files would be one with those of the next host.
  execFileSync('cp', ['-a', '--reflink=auto', `${treeOf(archive())}/.`, root])
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

function write(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

/** Unpacked once, and kept from one run of the tests to the next. */
function treeOf(apt: Apt): string {
  const packages = closureOf(apt)
  const id = sha256(JSON.stringify([FILES, packages.map(({ name, version }) => [name, version])])).slice(
    0,
    16,
  )
  const tree = join(CACHE, `dnf-${id}`)
  if (existsSync(tree)) return tree
  mkdirSync(CACHE, { recursive: true })
  const made = mkdtempSync(join(CACHE, 'unpacking-'))
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(made, 'usr', name), { recursive: true })
    symlinkSync(`usr/${name}`, join(made, name))
  }
  for (const pkg of packages) unpack(bytesOf(pkg, apt), made)
  for (const name of ['proc', 'sys', 'dev', 'tmp', 'root', 'run', 'var/log', 'var/tmp', 'var/lib/rpm'])
    mkdirSync(join(made, name), { recursive: true })
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

/** The first of alternatives, as everywhere in the tests. */
function closureOf(apt: Apt): readonly Listed[] {
  const found: Listed[] = []
  const asked = new Set([...LEFT_OUT, ...LEFT_OUT_TOO])
  for (let wanted = [...WANTED, ...SYSTEM]; wanted.length > 0; ) {
    for (const one of wanted) asked.add(one)
    const names = wanted.map((one) => one.replaceAll(/[.+]/g, '\\$&')).join('|')
    const level = apt.matching('', new RegExp(`^(${names})$`))
    found.push(...level)
    const next = level.flatMap(({ depends }) =>
      depends.split(',').map((one) => one.trim().replace(/[ :(|].*/, '')),
    )
    wanted = [...new Set(next)].filter((one) => one !== '' && !asked.has(one))
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

const NOT_READ = ['doc', 'locale', 'man', 'info'].map((name) => `--exclude=./usr/share/${name}`)

function unpack(deb: Uint8Array, folder: string): void {
  const tar = execFileSync('dpkg-deb', ['--fsys-tarfile', '-'], { input: deb, maxBuffer: 1 << 30 })
  execFileSync('tar', ['-x', '--keep-directory-symlink', '--no-same-owner', ...NOT_READ, '-C', folder], {
    input: tar,
  })
}
