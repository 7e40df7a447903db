// Reads tar archives that are too large for memory: as a stream, to the end, with a check of each header.
// POSIX.1-2001 ustar, GNU tar.
// Hand-written: tar-stream 3.2.2 limits neither bytes nor entries, and needs four more packages.

import { isProbeError } from '../model/errors.ts'
import { atMost, compressionOf, decompressed } from './decompress.ts'
import { runsOf } from './runs.ts'
import { nameAt, text } from './tar.ts'

export interface TarHead {
  /** as in the archive, without a leading `./`; a name that is too long for ustar is cut off */
  readonly path: string
  /** `0` file, `5` folder, `1` and `2` links, `x`, `g`, `L` and `K` headers of the next entry, ... */
  readonly type: string
  /** the first bytes of its contents, at most as many as `keep` returns for its path */
  readonly head: Uint8Array
  /** size of its contents */
  readonly bytes: number
}

interface TarBounds {
  /** limit of the unpacked stream */
  readonly maxBytes: number
  readonly maxEntries: number
  /** bytes of an entry's contents that go into `head`; default: 1024 */
  readonly keep?: (path: string) => number
}

const BLOCK = 512
/** Types without contents; their size field has no meaning. */
const EMPTY = ['1', '2', '3', '4', '5', '6']

/**
 * Reads all entries up to the block of zeros that ends an archive. Then reads to the end of the stream, so that the decompressor
 * checks its checksums. Closes the stream, even if the caller stops early.
 * @throws {Error} The message names the fault in the archive.
 */
export async function* tarHeads(
  stream: AsyncIterable<Uint8Array>,
  { maxBytes, maxEntries, keep = () => 1024 }: TarBounds,
): AsyncGenerator<TarHead> {
  const error = (why: string): Error => new Error(why)
  const input = runsOf(atMost(maxBytes, stream, error), error)
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

/** `tarHeads` for a packed archive. `broken` makes the error for a bad archive; a ProbeError is thrown unchanged. */
export async function* packedTarHeads(
  packed: Uint8Array,
  bounds: TarBounds,
  broken: (why: string, cause?: unknown) => Error,
): AsyncGenerator<TarHead> {
  const compression = compressionOf(packed)
  if (compression === undefined) throw broken('its compression is not supported')
  try {
    yield* tarHeads(decompressed(packed, compression, bounds.maxBytes), bounds)
  } catch (cause) {
    if (isProbeError(cause)) throw cause
    throw broken(cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function headerOf(block: Buffer): { path: string; type: string; bytes: number } {
  const said = Number.parseInt(text(block, 148, 8).trim(), 8)
  // The checksum counts its own field as spaces.
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
  const size = text(block, 124, 12).trim()
  if (said !== sum || !/^[0-7]{1,11}$/.test(size))
    throw new Error('it is not a tar archive, or it is corrupt')
  const type = text(block, 156, 1) || '0'
  return { path: nameAt(block, 0), type, bytes: EMPTY.includes(type) ? 0 : Number.parseInt(size, 8) }
}
