// Files that a host sends plain or in gzip: told apart, and unpacked within a bound.

import { gunzipSync } from 'node:zlib'

export interface GzipOptions {
  /** of the plain text, and of what came */
  readonly maxBytes: number
  /** thrown above the bound */
  readonly tooLarge: () => Error
  /** thrown for a gzip file that is broken; `why` is a part of a sentence */
  readonly broken: (why: string) => Error
}

/** Plain or gzip, told apart by the first two bytes. A gzip file has one member and ends with it. */
export function unpacked(bytes: Uint8Array, options: GzipOptions): Uint8Array {
  if (bytes.length > options.maxBytes) throw options.tooLarge()
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzip(bytes, options) : bytes
}

function gunzip(bytes: Uint8Array, options: GzipOptions): Uint8Array {
  const plain = gunzipped(bytes, options)
  // Node joins members and drops what follows them; the last four bytes of one whole file are its length (RFC 1952).
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true)
  if (length !== plain.length)
    throw options.broken('its gzip file has more than one member, or goes on after its end')
  return plain
}

function gunzipped(bytes: Uint8Array, { maxBytes, tooLarge, broken }: GzipOptions): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes })
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge()
    throw broken('its gzip file is broken or cut off')
  }
}
