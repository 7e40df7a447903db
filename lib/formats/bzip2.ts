// Unpacks bzip2 as a stream, because old mirrors pack their lists with it. Sources of the format: bzip2's decompress.c, and
// "The bzip2 format" in its manual.
// Hand-written: unbzip2-stream 1.4.3 collects each complete block in an array, up to 46 million numbers, before it emits any.

const STREAM = 0x425a68
const BLOCK = 0x314159265359
const END = 0x177245385090
/** The largest block, for each level from 1 to 9, in bytes before runs are expanded. */
const BLOCK_BYTES = 100_000
const PIECE = 64 * 1024

/** A chunk is valid until the next one is read. @throws {Error} The message names the fault in the file. */
export function* bunzip2(bytes: Uint8Array): Generator<Uint8Array> {
  const bits = bitReader(bytes)
  do {
    if (bits.read(24) !== STREAM) throw new Error('it is not bzip2')
    const level = bits.read(8) - 0x30
    if (level < 1 || level > 9) throw new Error('its level is not 1 to 9')
    yield* blocksOf(bits, level * BLOCK_BYTES)
    bits.align()
  } while (!bits.ended())
}

type Bits = ReturnType<typeof bitReader>

function* blocksOf(bits: Bits, maxBytes: number): Generator<Uint8Array> {
  let all = 0
  for (;;) {
    const magic = bits.read(24) * 2 ** 24 + bits.read(24)
    const sum = bits.read(16) * 2 ** 16 + bits.read(16)
    if (magic === END) {
      if (sum !== all >>> 0) throw new Error('its checksum is wrong')
      return
    }
    if (magic !== BLOCK) throw new Error('a block does not begin as one')
    const found = yield* written(sorted(bits, maxBytes))
    if (found !== sum) throw new Error('the checksum of a block is wrong')
    all = ((all << 1) | (all >>> 31)) ^ found
  }
}

/** Most significant bit first; at most 24 at a time. */
function bitReader(bytes: Uint8Array) {
  let at = 0
  let held = 0
  let count = 0
  return {
    read: (wanted: number): number => {
      while (count < wanted) {
        if (at >= bytes.length) throw new Error('it ends too early')
        held = (held << 8) | (bytes[at] ?? 0)
        at += 1
        count += 8
      }
      count -= wanted
      return (held >>> count) & ((1 << wanted) - 1)
    },
    align: (): void => {
      count -= count % 8
    },
    ended: (): boolean => count === 0 && at >= bytes.length,
  }
}

/** A block after Burrows and Wheeler's sort: its bytes, and the index at which the text begins. */
function sorted(bits: Bits, maxBytes: number) {
  if (bits.read(1) === 1) throw new Error('it is from before bzip2 0.9.5')
  const origin = bits.read(24)
  const alphabet = alphabetOf(bits)
  const bytes = moveToFront(symbolsOf(bits, alphabet.length + 2), alphabet, maxBytes)
  if (origin >= bytes.length) throw new Error('a block begins outside of itself')
  return { bytes, origin }
}

function alphabetOf(bits: Bits): number[] {
  const rows = bits.read(16)
  const used = Array.from({ length: 16 }, (_, row) => ((rows >> (15 - row)) & 1 ? bits.read(16) : 0))
  const alphabet = [...Array(256).keys()].filter((byte) => (used[byte >> 4]! >> (15 - (byte & 15))) & 1)
  if (alphabet.length === 0) throw new Error('a block has no bytes')
  return alphabet
}

/** Returns a reader of the next symbol. Each group of 50 symbols has its own selected Huffman table. */
function symbolsOf(bits: Bits, symbols: number): () => number {
  const tables = bits.read(3)
  const groups = bits.read(15)
  if (tables < 2 || tables > 6 || groups < 1) throw new Error('a block has no tables')
  const order = [...Array(tables).keys()]
  const selected = Array.from({ length: groups }, () => {
    let position = 0
    while (bits.read(1) === 1) position += 1
    const [table] = order.splice(position, 1)
    if (table === undefined) throw new Error('a block selects a table that it does not have')
    order.unshift(table)
    return table
  })
  const decoders = Array.from({ length: tables }, () => decoderOf(bits, lengthsOf(bits, symbols)))
  let done = 0
  return () => {
    const decode = decoders[selected[Math.floor(done / 50)] ?? -1]
    if (decode === undefined) throw new Error('a block has more symbols than it says')
    done += 1
    return decode()
  }
}

function lengthsOf(bits: Bits, symbols: number): number[] {
  let length = bits.read(5)
  return Array.from({ length: symbols }, () => {
    while (bits.read(1) === 1) length += bits.read(1) === 1 ? -1 : 1
    if (length < 1 || length > 20) throw new Error('a table has a code of an invalid length')
    return length
  })
}

/** Codes are canonical: consecutive numbers within each length, and longer codes after shorter ones. */
function decoderOf(bits: Bits, lengths: readonly number[]): () => number {
  const symbols = [...lengths.keys()].sort((a, b) => lengths[a]! - lengths[b]!)
  const counts = new Uint32Array(22)
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1
  const shortest = Math.min(...lengths)
  return () => {
    let code = bits.read(shortest)
    let first = 0
    let before = 0
    for (let length = shortest; length <= 20; length += 1) {
      const here = counts[length] ?? 0
      if (code - first < here) return symbols[before + code - first] ?? 0
      before += here
      first = (first + here) << 1
      code = (code << 1) | bits.read(1)
    }
    throw new Error('a table has no such code')
  }
}

/** Symbols 0 and 1 count repetitions of the first byte in the list. */
function moveToFront(next: () => number, alphabet: number[], maxBytes: number): Uint32Array {
  const bytes = new Uint32Array(maxBytes)
  const end = alphabet.length + 1
  let length = 0
  const put = (byte: number, times: number): void => {
    if (length + times > maxBytes) throw new Error('a block is larger than its level allows')
    bytes.fill(byte, length, length + times)
    length += times
  }
  let run = 0
  let place = 1
  for (;;) {
    const symbol = next()
    if (symbol < 2) {
      run += place << symbol
      place <<= 1
      if (run > maxBytes) throw new Error('a block is larger than its level allows')
      continue
    }
    if (run > 0) put(alphabet[0] ?? 0, run)
    run = 0
    place = 1
    if (symbol === end) return bytes.subarray(0, length)
    const [byte = 0] = alphabet.splice(symbol - 1, 1)
    alphabet.unshift(byte)
    put(byte, 1)
  }
}

/** Yields the text of a block with its runs expanded, and returns the checksum. */
function* written({ bytes, origin }: ReturnType<typeof sorted>): Generator<Uint8Array, number> {
  unsort(bytes)
  const piece = new Uint8Array(PIECE)
  let filled = 0
  let sum = 0xffffffff
  let place = (bytes[origin] ?? 0) >>> 8
  let last = -1
  let same = 0
  for (let i = 0; i < bytes.length; i += 1) {
    const entry = bytes[place] ?? 0
    const byte = entry & 0xff
    place = entry >>> 8
    // After four equal bytes, one byte counts further repetitions.
    const isCount = same === 4
    const times = isCount ? byte : 1
    const value = isCount ? last : byte
    same = isCount ? 0 : byte === last ? same + 1 : 1
    last = isCount ? -1 : byte
    for (let n = 0; n < times; n += 1) {
      sum = ((sum << 8) ^ (CRC[((sum >>> 24) ^ value) & 0xff] ?? 0)) >>> 0
      piece[filled] = value
      filled += 1
      if (filled === PIECE) {
        yield piece
        filled = 0
      }
    }
  }
  if (filled > 0) yield piece.subarray(0, filled)
  return ~sum >>> 0
}

/** Inverts Burrows and Wheeler's transform: the upper 24 bits of each entry become the index of the next byte. */
function unsort(bytes: Uint32Array): void {
  const starts = new Uint32Array(257)
  for (const entry of bytes) {
    const byte = entry & 0xff
    starts[byte + 1] = (starts[byte + 1] ?? 0) + 1
  }
  for (let byte = 0; byte < 256; byte += 1) starts[byte + 1] = (starts[byte + 1] ?? 0) + (starts[byte] ?? 0)
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = (bytes[i] ?? 0) & 0xff
    const to = starts[byte] ?? 0
    starts[byte] = to + 1
    bytes[to] = ((bytes[to] ?? 0) | (i << 8)) >>> 0
  }
}

/** CRC table of the polynomial 0x04c11db7, most significant bit first. */
const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24
  for (let bit = 0; bit < 8; bit += 1) value = value < 0 ? (value << 1) ^ 0x04c11db7 : value << 1
  return value >>> 0
})
