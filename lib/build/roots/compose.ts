// Composes a build root: unpacks its packages into one folder, without their maintainer scripts.

import { contentsOfDeb } from '../../formats/deb.ts'
import { type TreeEntry, treeEntries } from '../../formats/tar-tree.ts'
import { sha256 } from '../../model/digest.ts'
import { ProbeError, unreachable } from '../../model/errors.ts'
import type { Folder } from '../../model/ports.ts'
import type { Package } from '../../model/probe.ts'

export interface ComposePorts {
  readonly read: (pkg: Package) => Promise<Uint8Array>
  /** called after each package, with the bytes of all packages so far */
  readonly progress?: (bytes: number) => void
}

/**
 * `folder`: must be empty. The same packages always make the same tree. A crash leaves an incomplete folder, so the caller must
 * use a temporary name until this resolves.
 * @throws {ProbeError} `digest-mismatch`: the package has another digest, or entries that no distribution's package has.
 */
export async function composeRoot(
  { read, progress = () => {} }: ComposePorts,
  packages: readonly Package[],
  folder: Folder,
): Promise<void> {
  const tree = openTree(folder)
  let bytes = 0
  for (const pkg of packages) {
    const body = await read(pkg)
    if (sha256(body) !== pkg.sha256)
      throw new ProbeError(
        'digest-mismatch',
        `${pkg.name} ${pkg.version} does not have the sha256 of the signed list`,
      )
    for (const entry of treeEntries(await contentsOfDeb(body))) tree.add(entry)
    bytes += pkg.bytes
    progress(bytes)
  }
  finish(tree)
  for (const name of MERGED) if (tree.has(`usr/${name}`)) folder.symlink(name, `usr/${name}`)
}

/** Names that are links into /usr: in every Debian since bookworm, and also in roots of bullseye. */
const MERGED = ['bin', 'lib', 'lib32', 'lib64', 'libx32', 'sbin']
/** Files that no build needs. Copyright files stay. */
const LEFT_OUT = /^usr\/share\/(?:man|info|locale|lintian|bug|doc(?!\/[^/]+\/copyright$))\/./

type Made = 'folder' | 'file' | 'symlink'

function openTree(folder: Folder) {
  const made = new Map<string, Made>()
  function parents(path: string): void {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    if (parent === '' || made.get(parent) === 'folder') return
    if (made.has(parent))
      throw new ProbeError('digest-mismatch', `a package puts ${path} below ${parent}, which is not a folder`)
    parents(parent)
    folder.makeFolder(parent)
    made.set(parent, 'folder')
  }
  /** Packages may share folders, but not files or links. */
  function make(path: string, what: Made, how: () => void): void {
    const found = made.get(path)
    if (found === 'folder' && what === 'folder') return
    if (found !== undefined) throw new ProbeError('digest-mismatch', `two packages contain ${path}`)
    parents(path)
    made.set(path, what)
    how()
  }
  return {
    has: (path: string) => made.has(path),
    /** Returns the sorted names in a folder. */
    names: (path: string) =>
      [...made.keys()]
        .filter((name) => name.startsWith(`${path}/`) && !name.includes('/', path.length + 1))
        .map((name) => name.slice(path.length + 1))
        .sort(),
    readFile: (path: string) => folder.readFile(path),
    add: (entry: TreeEntry) => {
      // In some suites a base package contains these links.
      if (entry.tag === 'symlink' && MERGED.includes(entry.path)) return
      const path = placeOf(entry.path)
      if (LEFT_OUT.test(path)) return
      switch (entry.tag) {
        case 'folder':
          return make(path, 'folder', () => folder.makeFolder(path))
        case 'file':
          return make(path, 'file', () => folder.writeFile(path, entry.body, entry.executable))
        case 'hardlink':
          return make(path, 'file', () => folder.sameFile(path, placeOf(entry.target)))
        case 'symlink':
          return make(path, 'symlink', () => folder.symlink(path, entry.target))
        default:
          return unreachable(entry)
      }
    },
  }
}

/** `lib/x` becomes `usr/lib/x`. */
const placeOf = (path: string): string => (MERGED.includes(path.split('/')[0] ?? '') ? `usr/${path}` : path)

const CERTIFICATES = 'usr/share/ca-certificates/mozilla'

/** Does the work of the maintainer scripts: links of alternatives, accounts, the bundle of certificates. */
function finish(tree: ReturnType<typeof openTree>): void {
  const gcc = tree.names('usr/bin').find((name) => /^gcc-\d+$/.test(name))
  const links = { sh: 'dash', awk: 'mawk', ...(gcc === undefined ? {} : { gcc, cc: gcc }) }
  for (const [name, target] of Object.entries(links))
    if (tree.has(`usr/bin/${target}`) && !tree.has(`usr/bin/${name}`))
      tree.add({ tag: 'symlink', path: `usr/bin/${name}`, target })
  for (const path of ['dev', 'etc', 'proc', 'root', 'run', 'sys', 'tmp', 'var'])
    tree.add({ tag: 'folder', path })
  const file = (path: string, body: Uint8Array): void => {
    if (!tree.has(path)) tree.add({ tag: 'file', path, executable: false, body })
  }
  for (const [path, text] of Object.entries(ETC)) file(path, Buffer.from(text))
  const certificates = tree.names(CERTIFICATES)
  if (certificates.length > 0) {
    const bundle = certificates.map((name) => tree.readFile(`${CERTIFICATES}/${name}`))
    file('etc/ssl/certs/ca-certificates.crt', Buffer.concat(bundle))
  }
}

const ETC = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
  'etc/group': 'root:x:0:\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  'etc/hosts': '127.0.0.1 localhost\n::1 localhost\n',
}
