// Writes a header of an rpm file: entries in the order of their tags, all of them in the signed region (rpm's format_header.md).

import { words } from '../words.ts'

/** `type`: rpm's number. `align`: its bytes begin at a multiple of this. `count`: number of values. */
type Value = readonly [type: number, align: number, count: number, stored: Uint8Array]

export type Entry = readonly [tag: number, value: Value]

const strings = (type: number, values: readonly string[]): Value => {
  const stored = Buffer.from(values.map((one) => `${one}\0`).join(''))
  return [type, 1, values.length, stored]
}
export const int16s = (...values: number[]): Value => {
  const stored = Buffer.concat(values.map((one) => Buffer.of(one >> 8, one & 0xff)))
  return [3, 2, values.length, stored]
}
export const int32s = (...values: number[]): Value => [4, 4, values.length, words(...values)]
export const text = (value: string): Value => strings(6, [value])
export const texts = (...values: string[]): Value => strings(8, values)
/** A text in each language. The only language here is `C`. */
export const translated = (value: string): Value => strings(9, [value])
export const bytes = (value: Uint8Array): Value => [BYTES, 1, value.length, value]

const BYTES = 7
const MAGIC = [0x8eade801, 0]
const REGION_BYTES = 16

/** `region`: tag of the region in this kind of header. Each entry has at least one value. */
export function writeHeader(region: number, entries: readonly Entry[]): Uint8Array {
  const sorted = entries.toSorted(([a], [b]) => a - b)
  const store: Uint8Array[] = []
  const index: Uint8Array[] = []
  let at = 0
  const add = (body: Uint8Array): void => {
    store.push(body)
    at += body.length
  }
  for (const [tag, [type, align, count, stored]] of sorted) {
    add(Buffer.alloc((align - (at % align)) % align))
    index.push(words(tag, type, at, count))
    add(stored)
  }
  // The region is the first entry. Its value, at the end of the store, is an entry whose offset leads back to the first entry.
  const count = sorted.length + 1
  const first = words(region, BYTES, at, REGION_BYTES)
  add(words(region, BYTES, -count * REGION_BYTES, REGION_BYTES))
  return Buffer.concat([words(...MAGIC, count, at), first, ...index, ...store])
}
