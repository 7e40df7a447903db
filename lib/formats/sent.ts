// Unpacks a file that a host sends, up to a limit. The file is plain, or packed with gzip, xz or zstd.

import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { isProbeError } from '../model/errors.ts'
import { compressionOf } from './decompress.ts'
import { unxz } from './xz.ts'

interface SentOptions {
  /** limit of the file as it arrives, and of the unpacked file */
  readonly maxBytes: number
  /** the error for a file above the limit */
  readonly tooLarge: () => Error
  /** the error for a broken packed file; `why` is a part of a sentence */
  readonly broken: (why: string) => Error
}

/**
 * Recognizes the compression by the first bytes. Stops unpacking at the limit, so file size and limit also limit the time.
 * Accepts only one gzip member or zstd frame, with nothing after it. Joined xz files are accepted, because xz reads them, too.
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
  // Node joins all members and ignores trailing data. The last four bytes of a single member are its length (RFC 1952).
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true)
  if (length !== plain.length)
    throw options.broken('its gzip file has more than one member, or goes on after its end')
  return plain
}

/** The result of zlib with the option `info`, which Node's types lack. */
interface WithInfo {
  readonly buffer: Uint8Array
  /** `bytesWritten`: number of input bytes that were consumed */
  readonly engine: { readonly bytesWritten: number }
}

function unzstd(bytes: Uint8Array, options: SentOptions): Uint8Array {
  const { buffer, engine } = unpackedBy('zstd', options, () => {
    const read: unknown = zstdDecompressSync(bytes, { maxOutputLength: options.maxBytes, info: true })
    return read as WithInfo
  })
  // Node stops after the first frame and silently ignores the rest.
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
