// Selects the image's files from a composed root: the loader's programs, the libraries that they load, and
// little else.

import { needsOf } from '../../lib/formats/elf-needs.ts'
import type { Folder, FolderEntry } from '../../lib/model/ports.ts'

/** Each program is one file, or a link to one. */
const PROGRAMS = [
  ...['usr/bin/busybox', 'usr/bin/curl', 'usr/bin/gpgv', 'usr/bin/kmod', 'usr/bin/zstd'],
  ...['usr/sbin/insmod', 'usr/sbin/rmmod'],
]
/** glibc opens this library when a thread is cancelled, and ends the program if it is missing. */
const OPENED = ['libgcc_s.so.1']
/** busybox applets for names that no other program has: the loader's tools, and commands to look around. */
const APPLETS = [
  ...['awk', 'base64', 'cat', 'cp', 'cut', 'dmesg', 'echo', 'env', 'false', 'find', 'grep', 'head', 'id'],
  ...['ln', 'ls', 'lsmod', 'mkdir', 'mount', 'mv', 'od', 'printf', 'ps', 'rm', 'sed', 'sh', 'sha256sum'],
  ...['sleep', 'sort', 'stat', 'tail', 'test', 'timeout', 'tr', 'true', 'umount', 'uname', 'vi', 'wc'],
  ...['xargs', 'xz', 'zcat'],
]
/** Files, folders and links that no program names. The licence of every package stays next to its files. */
const BESIDE =
  /^(?:bin|dev|lib|lib64|proc|root|run|sbin|sys|tmp|var|etc\/(?:group|hosts|nsswitch\.conf|passwd)|etc\/ssl\/certs\/ca-certificates\.crt|usr\/share\/doc\/[^/]+\/copyright)$/
const LIBRARY = /^usr\/lib(?:\/[a-z0-9_]+-linux-gnu)?\/([^/]+)$/
/** A path with more links is a loop. */
const MAX_LINKS = 40

type Entries = ReadonlyMap<string, FolderEntry>

/**
 * Sorted by path, so that each folder comes before its contents.
 * @throws {Error} if a program needs a library that no package has
 */
export function imageTree(root: Folder): FolderEntry[] {
  const all: Entries = new Map([...root.entries()].map((entry) => [entry.path, entry]))
  const libraries = librariesIn(all)
  const kept = new Map<string, FolderEntry>()
  const wanted = [...PROGRAMS, ...OPENED.map((name) => libraryOf(libraries, name, 'glibc'))]
  for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
    const way = wayTo(all, path)
    const file = way.at(-1)
    const known = file === undefined || kept.has(file.path)
    for (const entry of way) kept.set(entry.path, entry)
    if (known || file?.tag !== 'file') continue
    const needs = needsOf(root.readFile(file.path))
    if (needs?.interpreter !== undefined) wanted.push(needs.interpreter)
    wanted.push(...(needs?.libraries ?? []).map((name) => libraryOf(libraries, name, path)))
  }
  for (const path of all.keys()) if (BESIDE.test(path)) keepWhole(all, kept, path)
  for (const entry of applets(kept)) kept.set(entry.path, entry)
  return sorted(kept.values())
}

export const sorted = (entries: Iterable<FolderEntry>): FolderEntry[] =>
  [...entries].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))

/** A file that exists only in memory. */
export const fileOf = (path: string, body: Uint8Array, executable = false): FolderEntry => ({
  tag: 'file',
  path,
  executable,
  bytes: body.length,
  chunks: () => [body],
})

/** Library paths by the name that programs use. */
const librariesIn = (all: Entries): ReadonlyMap<string, string> =>
  new Map(
    [...all.values()].flatMap(({ tag, path }) => {
      const name = LIBRARY.exec(path)?.[1]
      return tag === 'folder' || name === undefined ? [] : [[name, path] as const]
    }),
  )

function libraryOf(libraries: ReadonlyMap<string, string>, name: string, by: string): string {
  const path = libraries.get(name)
  if (path !== undefined) return path
  throw new Error(`no package of the image has ${name}, which ${by} needs`)
}

/** Keeps a path and its parent folders, unchanged. */
function keepWhole(all: Entries, kept: Map<string, FolderEntry>, path: string): void {
  const parts = path.split('/')
  for (const length of parts.keys()) {
    const entry = all.get(parts.slice(0, length + 1).join('/'))
    if (entry !== undefined) kept.set(entry.path, entry)
  }
}

/** Every folder and link on the way to a path, and finally its target. */
function wayTo(all: Entries, path: string): FolderEntry[] {
  const way: FolderEntry[] = []
  const rest = partsOf(path)
  let [at, links] = [[] as string[], 0]
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    if (part === '..') {
      at = at.slice(0, -1)
      continue
    }
    const entry = all.get([...at, part].join('/'))
    if (entry === undefined) throw new Error(`no package of the image has ${path}`)
    way.push(entry)
    if (entry.tag !== 'symlink') {
      at = [...at, part]
      continue
    }
    links += 1
    if (links > MAX_LINKS) throw new Error(`the links of ${path} lead round in a circle`)
    rest.unshift(...partsOf(entry.target))
    if (entry.target.startsWith('/')) at = []
  }
  return way
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.')

const applets = (kept: ReadonlyMap<string, FolderEntry>): FolderEntry[] =>
  APPLETS.filter((name) => !kept.has(`usr/bin/${name}`) && !kept.has(`usr/sbin/${name}`)).map((name) => ({
    tag: 'symlink',
    path: `usr/bin/${name}`,
    target: 'busybox',
  }))
