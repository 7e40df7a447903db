// Unpacks xz.

import { ReadableStream } from 'node:stream/web'
import xz from 'xz-decompress'
import { ProbeError } from '../model/errors.ts'
import { joined } from '../model/joined.ts'
import { pieces } from './xz-container.ts'

/** Also throws the errors of `onChunk`, and the library's own if the data are not xz. @throws {ProbeError} `too-large`. */
export const unxz = (data: Uint8Array, maxBytes: number, onChunk = () => {}): Promise<Uint8Array> => {
  const tooLarge = () => new ProbeError('too-large', `it unpacks to more than ${maxBytes} bytes`)
  return joined(copied(unxzStream(pieces(data))), maxBytes, tooLarge, onChunk)
}

async function* copied(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield chunk.slice()
}

/** Unpacks a stream without a limit. A chunk is valid until the next one is read. */
export const unxzStream = (
  packed: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncIterable<Uint8Array> =>
  new xz.XzReadableStream(ReadableStream.from(packed)) as AsyncIterable<Uint8Array>
