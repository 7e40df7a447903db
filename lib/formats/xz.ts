// xz, unpacked within a bound.

import { ReadableStream } from 'node:stream/web'
import xz from 'xz-decompress'
import { ProbeError } from '../model/errors.ts'
import { joined } from '../model/joined.ts'
import { pieces } from './xz-container.ts'

/** @throws {ProbeError} `too-large`; what `onChunk` throws; an error of its own for what is not xz. */
export const unxz = (data: Uint8Array, maxBytes: number, onChunk = () => {}): Promise<Uint8Array> => {
  const tooLarge = () => new ProbeError('too-large', `it unpacks to more than ${maxBytes} bytes`)
  return joined(copied(unxzStream(pieces(data))), maxBytes, tooLarge, onChunk)
}

async function* copied(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield chunk.slice()
}

/** As it passes, without a bound. A chunk is good until the next one. */
export const unxzStream = (
  packed: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncIterable<Uint8Array> =>
  new xz.XzReadableStream(ReadableStream.from(packed)) as AsyncIterable<Uint8Array>
