// Reads .PKGINFO and chosen files of a pacman package: a tar in zstd or xz. Verify its detached signature first.

import { ProbeError } from '../model/errors.ts'
import { packedTarHeads } from './tar-stream.ts'

export interface PacmanPackage {
  readonly identity: ReturnType<typeof identityIn>
  /** by path, e.g. `usr/lib/modules/6.6.1-arch1-1/build/.config` */
  readonly files: ReadonlyMap<string, Uint8Array>
}

const INFO = '.PKGINFO'
/** Bytes of one file. An unpacked config has 300 KB. */
const MAX_FILE = 4 * 1024 * 1024
/** Bytes of an unpacked package. A kernel's modules have less. */
const MAX_UNPACKED = 2048 * 1024 * 1024
const MAX_ENTRIES = 500_000

/**
 * Reads the files whose paths `wants` accepts, and stops when `enough` accepts the files so far. The package's description is
 * always the first file.
 * @throws {ProbeError} `digest-mismatch`: it is not a pacman package; `too-large`.
 */
export async function readPacmanPackage(
  file: Uint8Array,
  wants: (path: string) => boolean,
  enough: (files: ReadonlyMap<string, Uint8Array>) => boolean,
): Promise<PacmanPackage> {
  const wanted = (path: string): boolean => path === INFO || wants(path)
  const bounds = {
    ...{ maxBytes: MAX_UNPACKED, maxEntries: MAX_ENTRIES },
    keep: (path: string) => (wanted(path) ? MAX_FILE : 0),
  }
  const files = new Map<string, Uint8Array>()
  for await (const { path, type, head, bytes } of packedTarHeads(file, bounds, noPackage)) {
    // If a name occurs twice, the first file counts.
    if (type === '0' && bytes <= MAX_FILE && wanted(path) && !files.has(path)) files.set(path, head)
    if (files.has(INFO) && enough(files)) break
  }
  const info = files.get(INFO)
  if (info === undefined) throw noPackage(`it has no ${INFO}`)
  return { identity: identityIn(info), files }
}

/** Lines `pkgname = linux-headers`. `version`: as `6.6.1.arch1-1`. `built`: seconds since 1970; 0: unknown. */
function identityIn(info: Uint8Array) {
  const text = Buffer.from(info).toString('utf8')
  const field = (name: string): string => new RegExp(`^${name} = (.*)$`, 'm').exec(text)?.[1]?.trim() ?? ''
  const [name, version, arch] = [field('pkgname'), field('pkgver'), field('arch')]
  if (name === '' || version === '' || arch === '')
    throw noPackage(`its ${INFO} does not say what package it is`)
  return { name, version, arch, built: Number(/^\d{1,12}$/.exec(field('builddate'))?.[0] ?? 0) }
}

const noPackage = (why: string, cause?: unknown): ProbeError =>
  new ProbeError('digest-mismatch', `it is not a package of pacman: ${why}`, { cause })
