// tar archives too large to be held unpacked: read as a stream, whole, each header checked. POSIX.1-2001 ustar, GNU tar.

import { closed } from './decompress.ts'
import { nameText, text } from './tar.ts'

export interface TarHead {
  /** as it stands in the archive, without a leading `./`; of a name that ustar cannot hold, its beginning */
  readonly path: string
  /** `0` a file, `5` a folder, `1` and `2` links, `x`, `g`, `L`, `K` headers of the next entry, ... */
  readonly type: string
  /** the first bytes of its contents, at most `HEAD`, or as many as were asked for */
  readonly head: Uint8Array
  /** of its contents */
  readonly bytes: number
}

interface TarBounds {
  /** of the whole stream */
  readonly maxBytes: number
  readonly maxEntries: number
  /** how many of an entry's contents are kept */
  readonly keep?: (path: string) => number
}

const BLOCK = 512
/** Bytes of each entry's contents that are kept where nobody asks for another number. */
const HEAD = 1024
/** Types that have no contents, whatever their size field says. */
const EMPTY = ['1', '2', '3', '4', '5', '6']

/**
 * All entries, to the end that an archive marks by a block of zeros, and from there to the end of the stream, so that its
 * own checks are made. Throws an Error that says what is wrong with it. The stream is closed, whoever leaves it early.
 */
export async function* tarHeads(
  stream: AsyncIterable<Uint8Array>,
  { maxBytes, maxEntries, keep = () => HEAD }: TarBounds,
): AsyncGenerator<TarHead> {
  const input = inputOf(stream, maxBytes)
  try {
    let entries = 0
    for (;;) {
      const block = await input.take(BLOCK)
      if (block.every((byte) => byte === 0)) break
      entries += 1
      if (entries > maxEntries) throw new Error(`it has more than ${maxEntries} entries`)
      const { path, type, bytes } = headerOf(block)
      const head = await input.take(Math.min(bytes, keep(path)))
      await input.skip(Math.ceil(bytes / BLOCK) * BLOCK - head.length)
      yield { path, type, head, bytes }
    }
    await input.end()
  } finally {
    await input.close()
  }
}

function headerOf(block: Buffer): { path: string; type: string; bytes: number } {
  const said = Number.parseInt(text(block, 148, 8).trim(), 8)
  // The sum counts its own field as spaces.
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
  const size = text(block, 124, 12).trim()
  if (said !== sum || !/^[0-7]{1,11}$/.test(size)) throw new Error('it is no tar archive, or a broken one')
  const prefix = text(block, 257, 5) === 'ustar' ? nameText(block, 345, 155) : ''
  const name = nameText(block, 0, 100)
  const type = text(block, 156, 1) || '0'
  return {
    path: (prefix === '' ? name : `${prefix}/${name}`).replace(/^\.\//, ''),
    type,
    bytes: EMPTY.includes(type) ? 0 : Number.parseInt(size, 8),
  }
}

/** Runs of bytes of a stream that is cut anywhere. */
function inputOf(stream: AsyncIterable<Uint8Array>, maxBytes: number) {
  const source = stream[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array()
  let seen = 0
  async function next(): Promise<boolean> {
    const { done, value } = await source.next()
    if (done === true) return false
    seen += value.length
    if (seen > maxBytes) throw new Error(`it unpacks to more than ${maxBytes} bytes`)
    // A copy: the memory may be the decompressor's own.
    rest = value.slice()
    return true
  }
  async function* run(bytes: number): AsyncGenerator<Uint8Array> {
    for (let left = bytes; left > 0; ) {
      if (rest.length === 0 && !(await next())) throw new Error('it is cut off')
      const part = rest.subarray(0, left)
      rest = rest.subarray(part.length)
      left -= part.length
      yield part
    }
  }
  return {
    take: async (bytes: number): Promise<Buffer> => {
      const parts: Uint8Array[] = []
      for await (const part of run(bytes)) parts.push(part)
      return Buffer.concat(parts)
    },
    skip: async (bytes: number): Promise<void> => {
      for await (const _ of run(bytes));
    },
    end: async (): Promise<void> => {
      while (await next());
    },
    close: () => closed(source),
  }
}
