// Reads the files of a .deb: ar(5), with a compressed data.tar inside (deb(5)).
// Hand-written: ar-async 0.1.4 reads only from a path, and ar is simple: one header of 60 bytes.

import { ProbeError } from '../model/errors.ts'
import { compressionOf, decompressed, wholeOf } from './decompress.ts'
import { tarEntries, text } from './tar.ts'

const AR_MAGIC = '!<arch>\n'
const AR_HEADER = 60
/** Headers of one kernel unpack to 15 MB. The largest package of a compiler, LLVM's library, unpacks to 200 MB. */
const MAX_UNPACKED = 512 * 1024 * 1024

/**
 * Files of the package at `paths`, which have no leading `./`. Absent files are left out.
 * @throws {ProbeError} `digest-mismatch`, `too-large`.
 */
export async function filesInDeb(
  deb: Uint8Array,
  paths: readonly string[],
  maxBytes: number,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  for (const { path, body } of tarEntries(await contentsOfDeb(deb))) {
    if (!paths.includes(path) || found.has(path)) continue
    if (body.length > maxBytes)
      throw new ProbeError('too-large', `${path} has ${body.length} bytes; ${maxBytes} are allowed`)
    found.set(path, body)
    if (found.size === paths.length) break
  }
  return found
}

/** The file at `path`; `undefined`: the package does not have it. @throws {ProbeError} as `filesInDeb`. */
export const fileInDeb = async (
  deb: Uint8Array,
  path: string,
  maxBytes: number,
): Promise<Uint8Array | undefined> => (await filesInDeb(deb, [path], maxBytes)).get(path)

/** The unpacked data.tar. @throws {ProbeError} `digest-mismatch`, `too-large`. */
export const contentsOfDeb = async (deb: Uint8Array): Promise<Uint8Array> => wholeOf(streamOfDeb(deb))

/**
 * The unpacked data.tar as a stream, for packages that are too large for memory. A chunk is valid until the next one is read.
 * @throws {ProbeError} `digest-mismatch`, `too-large`.
 */
export function streamOfDeb(deb: Uint8Array): AsyncIterable<Uint8Array> {
  const { name, body } = member(deb, 'data.tar')
  const compression = compressionOf(body)
  if (compression === undefined) throw broken(`the compression of its ${name} is not supported`)
  return decompressed(body, compression, MAX_UNPACKED)
}

/** The first member with that name, with or without a suffix such as `.xz`. */
function member(deb: Uint8Array, wanted: string): { readonly name: string; readonly body: Uint8Array } {
  if (text(deb, 0, AR_MAGIC.length) !== AR_MAGIC) throw broken('it is not an ar archive')
  for (let at = AR_MAGIC.length; at + AR_HEADER <= deb.length; ) {
    const size = Number(text(deb, at + 48, 10))
    if (!Number.isSafeInteger(size) || size < 0) throw broken('the size of a member is not a number')
    const name = text(deb, at, 16).trim().replace(/\/$/, '')
    if (name === wanted || name.startsWith(`${wanted}.`))
      return { name, body: deb.subarray(at + AR_HEADER, at + AR_HEADER + size) }
    // Members begin at even offsets.
    at += AR_HEADER + size + (size % 2)
  }
  throw broken(`it holds no ${wanted}`)
}

const broken = (why: string): ProbeError => new ProbeError('digest-mismatch', `this is not a .deb: ${why}`)
