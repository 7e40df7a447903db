// Unpacks files that a host sends, plain or packed by gzip, xz or zstd, within a bound.

import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { isProbeError } from '../model/errors.ts'
import { compressionOf } from './decompress.ts'
import { unxz } from './xz.ts'

interface SentOptions {
  /** of the plain text, and of what came */
  readonly maxBytes: number
  /** thrown above the bound */
  readonly tooLarge: () => Error
  /** thrown for a packed file that is broken; `why` is a part of a sentence */
  readonly broken: (why: string) => Error
}

/**
 * Told apart by the first bytes. Nothing is unpacked beyond the bound, so no more time goes into a file than its own bytes
 * and the bound take. Of gzip and zstd only a file with one member, and nothing after it; xz files may be joined, as xz reads
 * them.
 */
export async function unpacked(bytes: Uint8Array, options: SentOptions): Promise<Uint8Array> {
  if (bytes.length > options.maxBytes) throw options.tooLarge()
  const compression = compressionOf(bytes) ?? 'lzma'
  switch (compression) {
    case 'none':
      return bytes
    case 'gzip':
      return gunzip(bytes, options)
    case 'zstd':
      return unzstd(bytes, options)
    case 'xz':
      return ofXz(bytes, options)
    default:
      throw options.broken(`it is packed by ${compression}; send it plain, or packed by gzip, xz or zstd`)
  }
}

function gunzip(bytes: Uint8Array, options: SentOptions): Uint8Array {
  const plain = unpackedBy('gzip', options, () => gunzipSync(bytes, { maxOutputLength: options.maxBytes }))
  // Node joins members and drops what follows them; the last four bytes of one complete file are its length (RFC 1952).
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true)
  if (length !== plain.length)
    throw options.broken('its gzip file has more than one member, or goes on after its end')
  return plain
}

/** What zlib answers with `info`, which its types do not know. */
interface WithInfo {
  readonly buffer: Uint8Array
  /** `bytesWritten`: that were read */
  readonly engine: { readonly bytesWritten: number }
}

function unzstd(bytes: Uint8Array, options: SentOptions): Uint8Array {
  const { buffer, engine } = unpackedBy('zstd', options, () => {
    const read: unknown = zstdDecompressSync(bytes, { maxOutputLength: options.maxBytes, info: true })
    return read as WithInfo
  })
  // Node stops after the first frame, and says nothing of what follows it.
  if (engine.bytesWritten !== bytes.length)
    throw options.broken('its zstd file has more than one frame, or goes on after its end')
  return buffer
}

function unpackedBy<T>(what: string, { tooLarge, broken }: SentOptions, unpack: () => T): T {
  try {
    return unpack()
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge()
    throw broken(`its ${what} file is broken or cut off`)
  }
}

async function ofXz(bytes: Uint8Array, { maxBytes, tooLarge, broken }: SentOptions): Promise<Uint8Array> {
  try {
    return await unxz(bytes, maxBytes)
  } catch (cause) {
    if (isProbeError(cause, 'too-large')) throw tooLarge()
    throw broken('its xz file is broken, cut off, or of a check that is neither CRC32 nor CRC64')
  }
}
