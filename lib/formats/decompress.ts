// Compressed bytes, unpacked as they pass.

import { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { ProbeError } from '../model/errors.ts'
import { bunzip2 } from './bzip2.ts'
import { unxzStream } from './xz.ts'
import { pieces, withKnownChecks } from './xz-container.ts'

export type Compression = 'none' | 'gzip' | 'bzip2' | 'xz' | 'zstd'

/** By its first bytes; `undefined` for lzma, which nothing here unpacks. */
export function compressionOf(bytes: Uint8Array): Compression | undefined {
  const magic = Buffer.from(bytes.subarray(0, 6)).toString('hex')
  if (magic.startsWith('1f8b')) return 'gzip'
  if (magic === 'fd377a585a00') return 'xz'
  if (magic.startsWith('28b52ffd')) return 'zstd'
  if (magic.startsWith('425a68')) return 'bzip2'
  return magic.startsWith('5d0000') ? undefined : 'none'
}

/**
 * At most `maxBytes`. A chunk is good until the next one.
 * @throws {ProbeError} `too-large`; errors of its own for what is broken.
 */
export async function* decompressed(
  bytes: Uint8Array,
  compression: Compression,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let passed = 0
  for await (const chunk of streamOf(bytes, compression)) {
    passed += chunk.length
    if (passed > maxBytes) throw new ProbeError('too-large', `it unpacks to more than ${maxBytes} bytes`)
    yield chunk
  }
}

/** A stream of such chunks in one piece. */
export async function wholeOf(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk.slice())
  return Buffer.concat(chunks)
}

/** Nothing is asked for ahead: a chunk may lie where the next one will. */
function streamOf(
  bytes: Uint8Array,
  compression: Compression,
): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  switch (compression) {
    case 'none':
      return Readable.from(pieces(bytes))
    case 'gzip':
      return Readable.from(pieces(bytes)).pipe(createGunzip())
    case 'bzip2':
      return bunzip2(bytes)
    case 'zstd':
      return Readable.from(pieces(bytes)).pipe(createZstdDecompress())
    case 'xz':
      return unxzStream(withKnownChecks(bytes))
  }
}

/**
 * Whoever leaves a stream before its end closes it: the decompressor of xz is one for all, and would be kept from the next,
 * for ever. One that has ended by itself has nothing to close, and may say so.
 */
export async function closed(source: AsyncIterator<Uint8Array>): Promise<void> {
  await source.return?.().catch(() => {})
}
