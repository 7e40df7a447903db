// Composes a build root: the packages of its closure, unpacked into one folder without their maintainer scripts.

import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { contentsOfDeb } from '../../formats/deb.ts'
import { type TreeEntry, treeEntries } from '../../formats/tar-tree.ts'
import { sha256 } from '../../model/digest.ts'
import { ProbeError, unreachable } from '../../model/errors.ts'
import type { Package } from '../../model/probe.ts'

export interface ComposePorts {
  /** The bytes of a package, wherever they lie. */
  readonly read: (pkg: Package) => Promise<Uint8Array>
  /** after each package: bytes of packages that are unpacked by now */
  readonly progress?: (bytes: number) => void
}

/**
 * Into `folder`, which is empty. Only names and contents count: the same packages make the same tree, whoever unpacks
 * them, wherever. A crash leaves a folder that is not whole: who calls names it so until this resolves.
 * ProbeError `digest-mismatch` for a package that is another, or holds what no package of a distribution holds.
 */
export async function composeRoot(
  { read, progress = () => {} }: ComposePorts,
  packages: readonly Package[],
  folder: string,
): Promise<void> {
  const tree = openTree(folder)
  let bytes = 0
  for (const pkg of packages) {
    const body = await read(pkg)
    if (sha256(body) !== pkg.sha256)
      throw new ProbeError(
        'digest-mismatch',
        `${pkg.name} ${pkg.version} has not the sha256 of the signed list`,
      )
    for (const entry of treeEntries(await contentsOfDeb(body))) tree.add(entry)
    bytes += pkg.bytes
    progress(bytes)
  }
  finish(folder, tree)
}

/** Folders that are links into /usr in every Debian since bookworm, and in a root of bullseye as well. */
const MERGED = ['bin', 'lib', 'lib32', 'lib64', 'libx32', 'sbin']
/** Nobody reads them in a root. What says under which terms a package may be passed on stays. */
const LEFT_OUT = /^usr\/share\/(?:man|info|locale|lintian|bug|doc(?!\/[^/]+\/copyright$))\/./

interface Tree {
  add(entry: TreeEntry): void
  link(path: string, target: string): void
}

function openTree(folder: string): Tree {
  const made = new Map<string, 'folder' | 'file' | 'link'>()
  const place = (path: string): string => {
    const [first = '', ...rest] = path.split('/')
    return MERGED.includes(first) ? ['usr', first, ...rest].join('/') : path
  }
  function parents(path: string): void {
    const parent = dirname(path)
    if (parent === '.') return
    const found = made.get(parent)
    if (found === 'folder') return
    if (found !== undefined)
      throw new ProbeError('digest-mismatch', `a package puts ${path} below ${parent}, which is no folder`)
    parents(parent)
    makeFolder(join(folder, parent))
    made.set(parent, 'folder')
  }
  /** False where another package has put the same there: a folder is many packages'. */
  function claim(path: string, what: 'folder' | 'file' | 'link'): boolean {
    const found = made.get(path)
    if (found === undefined) {
      parents(path)
      made.set(path, what)
      return true
    }
    if (found === what && what === 'folder') return false
    throw new ProbeError('digest-mismatch', `two packages hold ${path}`)
  }
  function link(path: string, target: string): void {
    if (claim(path, 'link')) symlinkSync(target, join(folder, path))
  }
  return {
    link,
    add: (entry) => {
      const path = place(entry.path)
      if (LEFT_OUT.test(path)) return
      const full = join(folder, path)
      switch (entry.tag) {
        case 'folder':
          if (!MERGED.includes(entry.path) && claim(path, 'folder')) makeFolder(full)
          break
        case 'file':
          if (claim(path, 'file')) writeFileSync(full, entry.body)
          chmodSync(full, entry.executable ? 0o755 : 0o644)
          break
        case 'hardlink':
          if (claim(path, 'file')) linkSync(join(folder, place(entry.target)), full)
          break
        case 'symlink':
          if (!MERGED.includes(entry.path)) link(path, entry.target)
          break
        default:
          unreachable(entry)
      }
    },
  }
}

/** Builds are another user's: what this one's mask says is not for them. */
function makeFolder(path: string): void {
  mkdirSync(path)
  chmodSync(path, 0o755)
}

/** What maintainer scripts would have made: the links of alternatives, accounts, the bundle of certificates. */
function finish(folder: string, tree: Tree): void {
  const has = (path: string): boolean =>
    lstatSync(join(folder, path), { throwIfNoEntry: false }) !== undefined
  for (const name of MERGED) if (has(`usr/${name}`)) tree.link(name, `usr/${name}`)
  const commands = existsSync(join(folder, 'usr/bin')) ? readdirSync(join(folder, 'usr/bin')) : []
  const gcc = commands.find((name) => /^gcc-\d+$/.test(name))
  const links = { sh: 'dash', awk: 'mawk', ...(gcc === undefined ? {} : { gcc, cc: gcc }) }
  for (const [name, target] of Object.entries(links))
    if (has(`usr/bin/${target}`) && !has(`usr/bin/${name}`)) tree.link(`usr/bin/${name}`, target)
  for (const name of ['dev', 'etc', 'proc', 'root', 'run', 'sys', 'tmp', 'var'])
    tree.add({ tag: 'folder', path: name })
  const file = (path: string, body: string | Uint8Array): void => {
    if (!has(path)) tree.add({ tag: 'file', path, executable: false, body: Buffer.from(body) })
  }
  file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n')
  file('etc/group', 'root:x:0:\n')
  file('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n')
  file('etc/hosts', '127.0.0.1 localhost\n::1 localhost\n')
  const certificates = join(folder, 'usr/share/ca-certificates/mozilla')
  if (existsSync(certificates))
    file(
      'etc/ssl/certs/ca-certificates.crt',
      Buffer.concat(
        readdirSync(certificates)
          .sort()
          .map((name) => readFileSync(join(certificates, name))),
      ),
    )
}
