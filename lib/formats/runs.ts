// Reads runs of bytes from a stream whose chunks have any size. Keeps only one chunk and the current run in memory.

/** `broken` makes the error for a stream that ends inside a run. */
export function runsOf(stream: AsyncIterable<Uint8Array>, broken: (why: string) => Error) {
  const source = stream[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array()
  async function next(): Promise<boolean> {
    const { done, value } = await source.next()
    if (done !== true) rest = value
    return done !== true
  }
  async function* run(bytes: number): AsyncGenerator<Uint8Array> {
    for (let left = bytes; left > 0; ) {
      if (rest.length === 0 && !(await next())) throw broken('it is cut off')
      const part = rest.subarray(0, left)
      rest = rest.subarray(part.length)
      left -= part.length
      yield part
    }
  }
  return {
    take: async (bytes: number): Promise<Buffer> => {
      const parts: Uint8Array[] = []
      // A copy, because a chunk is valid only until the next one is read.
      for await (const part of run(bytes)) parts.push(part.slice())
      return Buffer.concat(parts)
    },
    skip: async (bytes: number): Promise<void> => {
      for await (const _ of run(bytes));
    },
    /** Reads to the end of the stream, so that the decompressor checks its checksums. */
    end: async (): Promise<void> => {
      while (await next());
    },
    /**
     * Closes a stream before its end. All xz streams share one decompressor, so an open one would block the next one for ever.
     * Ignores the error of a stream that has already ended.
     */
    close: async (): Promise<void> => {
      await source.return?.().catch(() => {})
    },
  }
}
