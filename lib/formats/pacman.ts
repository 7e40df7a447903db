// A package of pacman (a tar, by zstd or xz): what it says of itself in its .PKGINFO, and files of it. Its signature lies
// beside it, over the file as it is: whoever reads one has verified that before.

import { isProbeError, ProbeError } from '../model/errors.ts'
import { compressionOf, decompressed } from './decompress.ts'
import { tarHeads } from './tar-stream.ts'

interface PacmanIdentity {
  readonly name: string
  /** with the number of its release: `6.6.1.arch1-1` */
  readonly version: string
  readonly arch: string
  /** seconds since 1970; 0 where it does not say it */
  readonly built: number
}

export interface PacmanPackage {
  readonly identity: PacmanIdentity
  /** by their paths, e.g. `usr/lib/modules/6.6.1-arch1-1/build/.config` */
  readonly files: ReadonlyMap<string, Uint8Array>
}

const INFO = '.PKGINFO'
/** Of one file: an unpacked config has 300 KB. */
const MAX_FILE = 4 * 1024 * 1024
/** Of a whole package: a kernel's modules unpack to less. */
const MAX_UNPACKED = 2048 * 1024 * 1024
const MAX_ENTRIES = 500_000

/**
 * The files whose paths `wants` takes, until it has had `enough` of them; its own description comes first in each package.
 * @throws {ProbeError} `digest-mismatch` for what is no such package, `too-large`.
 */
export async function readPacmanPackage(
  file: Uint8Array,
  wants: (path: string) => boolean,
  enough: (files: ReadonlyMap<string, Uint8Array>) => boolean,
): Promise<PacmanPackage> {
  const found = await filesIn(
    file,
    (path) => path === INFO || wants(path),
    (files) => files.has(INFO) && enough(files),
  )
  const info = found.get(INFO)
  if (info === undefined) throw noPackage(`it has no ${INFO}`)
  return { identity: identityIn(info), files: found }
}

async function filesIn(
  file: Uint8Array,
  wants: (path: string) => boolean,
  enough: (files: ReadonlyMap<string, Uint8Array>) => boolean,
): Promise<Map<string, Uint8Array>> {
  const compression = compressionOf(file)
  if (compression === undefined) throw noPackage('it is compressed in a way that is not known here')
  const chunks = decompressed(file, compression, MAX_UNPACKED)
  const found = new Map<string, Uint8Array>()
  const bounds = {
    ...{ maxBytes: MAX_UNPACKED, maxEntries: MAX_ENTRIES },
    keep: (path: string) => (wants(path) ? MAX_FILE : 0),
  }
  try {
    for await (const { path, type, head, bytes } of tarHeads(chunks, bounds)) {
      // Of two of a name the first one.
      if (type === '0' && bytes <= MAX_FILE && wants(path) && !found.has(path)) found.set(path, head)
      if (enough(found)) break
    }
  } catch (cause) {
    if (isProbeError(cause)) throw cause
    throw noPackage(cause instanceof Error ? cause.message : String(cause), cause)
  } finally {
    // The decompressor of xz is one for all, and would be kept from the next.
    await chunks.return(undefined).catch(() => {})
  }
  return found
}

/** Lines `pkgname = linux-headers`. */
function identityIn(info: Uint8Array): PacmanIdentity {
  const text = Buffer.from(info).toString('utf8')
  const field = (name: string): string => new RegExp(`^${name} = (.*)$`, 'm').exec(text)?.[1]?.trim() ?? ''
  const [name, version, arch] = [field('pkgname'), field('pkgver'), field('arch')]
  if (name === '' || version === '' || arch === '')
    throw noPackage(`its ${INFO} does not say what package it is`)
  return { name, version, arch, built: Number(/^\d{1,12}$/.exec(field('builddate'))?.[0] ?? 0) }
}

const noPackage = (why: string, cause?: unknown): ProbeError =>
  new ProbeError('digest-mismatch', `it is no package of pacman: ${why}`, { cause })
