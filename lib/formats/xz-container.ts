// Rewrites an xz file without its checks (The .xz File Format, 1.2.1). rpm writes xz with a SHA-256 of each block, which the xz
// library does not support. Use it only for bytes whose digest was verified.
// Hand-written: xz-decompress 0.2.3 cannot unpack xz with SHA-256, and lzma-native 8.0.6 is a native addon.

import { crc32 } from 'node:zlib'

const HEADER_BYTES = 12
/** Bytes of each block's check, by the kind of check in the header: section 2.1.1.2. */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64]
/** The kinds that the library supports: none, CRC32, CRC64. */
const KNOWN = [0, 1, 4]

/** Returns a file with a supported check unchanged. @throws {Error} The file is cut off. */
export function* withKnownChecks(xz: Uint8Array): Generator<Uint8Array> {
  const kind = (xz[7] ?? 0) & 15
  if (KNOWN.includes(kind)) {
    yield* pieces(xz)
    return
  }
  yield Buffer.concat([xz.subarray(0, 6), FLAGS, u32(crc32(FLAGS))])
  const records: Uint8Array[] = []
  // A block's header begins with its size. The index after the last block begins with a zero.
  for (let at = HEADER_BYTES; at < xz.length && xz[at] !== 0; ) {
    const data = at + (xz[at]! + 1) * 4
    const { end, bytes } = endOfData(xz, data)
    const unpadded = end - at
    yield* pieces(xz.subarray(at, at + padded(unpadded)))
    records.push(number(unpadded), number(bytes))
    at += padded(unpadded) + CHECK_BYTES[kind]!
  }
  yield* tail(records)
}

/** Stream flags for "no check". */
const FLAGS = Buffer.of(0, 0)

/** Finds the end of a block's data and its unpacked size. LZMA2 stores both sizes before each chunk. */
function endOfData(xz: Uint8Array, from: number): { readonly end: number; readonly bytes: number } {
  const view = new DataView(xz.buffer, xz.byteOffset, xz.byteLength)
  let bytes = 0
  for (let at = from; at < xz.length; ) {
    const control = xz[at]!
    if (control === 0) return { end: at + 1, bytes }
    if (at + 6 > xz.length) break
    const size = view.getUint16(at + 1) + 1
    if (control < 0x80) {
      bytes += size
      at += 3 + size
    } else {
      bytes += ((control & 0x1f) << 16) + size
      at += (control >= 0xc0 ? 6 : 5) + view.getUint16(at + 3) + 1
    }
  }
  throw new Error('the xz data are cut off')
}

/** Index and footer: sections 4 and 2.1.2. */
function* tail(records: readonly Uint8Array[]): Generator<Uint8Array> {
  const plain = Buffer.concat([Buffer.of(0), number(records.length / 2), ...records])
  const index = Buffer.concat([plain, new Uint8Array(padded(plain.length) - plain.length)])
  yield Buffer.concat([index, u32(crc32(index))])
  const size = Buffer.concat([u32((index.length + 4) / 4 - 1), FLAGS])
  yield Buffer.concat([u32(crc32(size)), size, Buffer.from('YZ')])
}

const padded = (bytes: number): number => Math.ceil(bytes / 4) * 4

function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** Encodes a number with seven bits in each byte, lowest first: section 1.2. */
function number(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  return Buffer.of(...bytes, rest)
}

const PIECE = 64 * 1024

/** Splits bytes, so that a stream copies one piece at a time and not everything at the start. */
export function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE)
}
