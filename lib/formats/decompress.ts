// Unpacks gzip, bzip2, xz and zstd as a stream.

import { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { ProbeError } from '../model/errors.ts'
import { bunzip2 } from './bzip2.ts'
import { unxzStream } from './xz.ts'
import { pieces, withKnownChecks } from './xz-container.ts'

/** Ways to unpack each compression. None reads ahead, because the next chunk may overwrite this one. */
const WAYS = {
  none: pieces,
  gzip: (bytes: Uint8Array) => Readable.from(pieces(bytes)).pipe(createGunzip()),
  bzip2: bunzip2,
  xz: (bytes: Uint8Array) => unxzStream(withKnownChecks(bytes)),
  zstd: (bytes: Uint8Array) => Readable.from(pieces(bytes)).pipe(createZstdDecompress()),
}
export type Compression = keyof typeof WAYS

/** Recognizes a compression by its first bytes. `undefined`: lzma, which the registry cannot unpack. */
export function compressionOf(bytes: Uint8Array): Compression | undefined {
  const magic = Buffer.from(bytes.subarray(0, 6)).toString('hex')
  if (magic.startsWith('1f8b')) return 'gzip'
  if (magic === 'fd377a585a00') return 'xz'
  if (magic.startsWith('28b52ffd')) return 'zstd'
  if (magic.startsWith('425a68')) return 'bzip2'
  return magic.startsWith('5d0000') ? undefined : 'none'
}

/**
 * A chunk is valid until the next one is read.
 * @throws {ProbeError} `too-large`: it unpacks to more than `maxBytes`. Broken data throw the decompressor's own error.
 */
export async function* decompressed(
  bytes: Uint8Array,
  compression: Compression,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  yield* atMost(maxBytes, WAYS[compression](bytes), (why) => new ProbeError('too-large', why))
}

/** Passes an unpacked stream on. `tooLarge` makes the error above the limit. */
export async function* atMost(
  maxBytes: number,
  stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  tooLarge: (why: string) => Error,
): AsyncGenerator<Uint8Array> {
  let passed = 0
  for await (const chunk of stream) {
    passed += chunk.length
    if (passed > maxBytes) throw tooLarge(`it unpacks to more than ${maxBytes} bytes`)
    yield chunk
  }
}

/** Joins such a stream into one piece. */
export async function wholeOf(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk.slice())
  return Buffer.concat(chunks)
}
