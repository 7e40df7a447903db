// Collects the bytes of a stream, up to a limit.

/**
 * Counts received bytes, not the promised length. Above `maxBytes` it throws `tooLarge()`, which destroys the stream.
 * `progress` gets the bytes so far.
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
