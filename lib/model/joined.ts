// Joins the chunks of a stream, up to a limit.

/** Ignores any declared length. Above `maxBytes`, throws `tooLarge()` and destroys the stream. `progress` gets the sum of bytes. */
export async function joined(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
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
