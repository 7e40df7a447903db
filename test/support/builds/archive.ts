// Packages of this machine's own archive: looked up, downloaded, never installed.

import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Kernel {
  readonly unameRelease: string
  readonly tree: string
  readonly compiler: string
  /** the header packages' bytes */
  readonly headers: readonly Buffer[]
}

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'pipe'] })

/** The newest kernel of a series, e.g. `6.1`, in the flavour that Debian names after the architecture. */
export function newestKernel(series: string): Kernel {
  const arch = run('dpkg', '--print-architecture').trim()
  const pattern = `^linux-headers-${series.replace('.', '\\.')}\\.[0-9+a-z.-]*-${arch}$`
  const [newest] = run('apt-cache', 'search', '--names-only', pattern)
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name !== '' && !/-(cloud|rt)-/.test(name))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
  if (newest === undefined) {
    throw new Error(`this machine's archive has no ${series} headers; is apt-get update needed?`)
  }
  const depends = run('apt-cache', 'show', '--no-all-versions', newest).match(/^Depends: (.*)$/m)?.[1] ?? ''
  const needed = depends.match(/linux-(headers|kbuild)-[^ ,]+/g) ?? []
  return {
    unameRelease: newest.replace('linux-headers-', ''),
    tree: `usr/src/${newest}`,
    compiler: depends.match(/gcc-\d+/)?.[0] ?? 'gcc',
    headers: [newest, ...needed].map(packageBytes),
  }
}

const cache = join(tmpdir(), 'probe-registry-packages')

/** The .deb that apt would install. Kept in a cache; a download that is cut off leaves nothing there. */
export function packageBytes(name: string): Buffer {
  mkdirSync(cache, { recursive: true })
  const file = join(cache, fileName(name))
  if (!existsSync(file)) download(name, file)
  return readFileSync(file)
}

function fileName(name: string): string {
  const shown = run('apt-cache', 'show', '--no-all-versions', name)
  return `${name}_${shown.match(/^Version: (.*)$/m)?.[1]}.deb`
}

function download(name: string, file: string): void {
  const folder = mkdtempSync(join(cache, 'download-'))
  try {
    execFileSync('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', name], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    renameSync(join(folder, readdirSync(folder)[0]!), file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A .tar.gz of files by their path. */
export function tarball(files: Readonly<Record<string, string>>): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'tarball-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, path, '..'), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    return execFileSync('tar', ['-cz', '-C', folder, '.'])
  } finally {
    rmSync(folder, { recursive: true })
  }
}
