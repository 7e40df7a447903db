// Joins the chunks of a stream, up to a limit.

/**
 * Counts the bytes that arrive and ignores any declared length. Throws `tooLarge()` above `maxBytes`; the throw also destroys
 * the stream. Calls `progress` with the number of bytes so far.
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
