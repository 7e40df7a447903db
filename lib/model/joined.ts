// Bytes of a stream in one piece, within a bound.

/**
 * By the bytes that come, not by the length that is promised. Above `maxBytes` it leaves the stream, which destroys it, and
 * throws `tooLarge()`. `progress` is given the bytes so far.
 */
export async function joined(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
  tooLarge: () => Error,
  progress: (bytes: number) => void = () => {},
): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    progress(bytes)
    if (bytes > maxBytes) throw tooLarge()
    all.push(chunk)
  }
  return Buffer.concat(all)
}
