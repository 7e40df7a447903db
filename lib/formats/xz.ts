// xz, unpacked within a bound.

import { ReadableStream } from 'node:stream/web'
import xz from 'xz-decompress'
import { ProbeError } from '../model/errors.ts'

/** ProbeError `too-large`; what `onChunk` throws; any error of its own for what is no xz. */
export async function unxz(data: Uint8Array, maxBytes: number, onChunk = () => {}): Promise<Uint8Array> {
  const stream = new xz.XzReadableStream(new Blob([data as Uint8Array<ArrayBuffer>]).stream())
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    onChunk()
    if (bytes > maxBytes) throw new ProbeError('too-large', `it unpacks to more than ${maxBytes} bytes`)
    chunks.push(chunk.slice())
  }
  return Buffer.concat(chunks)
}

/** As it passes, without a bound. A chunk is good until the next one. */
export const unxzStream = (
  packed: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncIterable<Uint8Array> =>
  new xz.XzReadableStream(ReadableStream.from(packed)) as AsyncIterable<Uint8Array>
