// A header of an rpm file: entries by their tags, all of them in the region that is signed (rpm's format_header.md).

/** Values of an entry, by rpm's types of them. */
export type Value =
  | { readonly type: 'int16' | 'int32'; readonly values: readonly number[] }
  | { readonly type: 'strings'; readonly values: readonly string[] }
  /** `translated`: with a text of each language, of which there is one, `C` */
  | { readonly type: 'string' | 'translated'; readonly value: string }
  | { readonly type: 'bytes'; readonly value: Uint8Array }

export type Entry = readonly [tag: number, value: Value]

/** Shorthands: a header is read by whoever writes one as a table. */
export const int16s = (...values: number[]): Value => ({ type: 'int16', values })
export const int32s = (...values: number[]): Value => ({ type: 'int32', values })
export const text = (value: string): Value => ({ type: 'string', value })
export const texts = (...values: string[]): Value => ({ type: 'strings', values })
export const translated = (value: string): Value => ({ type: 'translated', value })
export const bytes = (value: Uint8Array): Value => ({ type: 'bytes', value })

const MAGIC = [0x8eade801, 0]
/** Number of each type, and what its values begin at a multiple of. */
const TYPES = {
  int16: { number: 3, align: 2 },
  int32: { number: 4, align: 4 },
  string: { number: 6, align: 1 },
  bytes: { number: 7, align: 1 },
  strings: { number: 8, align: 1 },
  translated: { number: 9, align: 1 },
} as const
const REGION_BYTES = 16

/** `region`: the tag that the region of this kind of header has. An entry has one value at least. */
export function writeHeader(region: number, entries: readonly Entry[]): Uint8Array {
  const sorted = entries.toSorted(([a], [b]) => a - b)
  const store: Uint8Array[] = []
  const index: Uint8Array[] = []
  let at = 0
  const add = (body: Uint8Array): void => {
    store.push(body)
    at += body.length
  }
  for (const [tag, value] of sorted) {
    const { number, align } = TYPES[value.type]
    add(Buffer.alloc((align - (at % align)) % align))
    index.push(words(tag, number, at, countOf(value)))
    add(storedOf(value))
  }
  // The region comes first, and its values last: an entry that says where its own begin, seen from there.
  const count = sorted.length + 1
  const first = words(region, TYPES.bytes.number, at, REGION_BYTES)
  add(words(region, TYPES.bytes.number, -count * REGION_BYTES, REGION_BYTES))
  return Buffer.concat([words(...MAGIC, count, at), first, ...index, ...store])
}

function countOf(value: Value): number {
  if ('values' in value) return value.values.length
  return value.type === 'bytes' ? value.value.length : 1
}

function storedOf(value: Value): Uint8Array {
  switch (value.type) {
    case 'int16':
      return Buffer.concat(value.values.map((one) => Buffer.of(one >> 8, one & 0xff)))
    case 'int32':
      return words(...value.values)
    case 'bytes':
      return value.value
    case 'strings':
      return Buffer.from(value.values.map((one) => `${one}\0`).join(''))
    case 'string':
    case 'translated':
      return Buffer.from(`${value.value}\0`)
  }
}

/** Of 32 bits, big-endian; negative ones as two's complement. */
function words(...values: readonly number[]): Uint8Array {
  const body = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) body.writeUInt32BE(value >>> 0, i * 4)
  return body
}
