// Reads the headers of an rpm file (rpm's docs/manual/format_v4.md and format_header.md). The bytes may be hostile.
// Hand-written: no npm package was found that checks which entries the signature covers.

import { ProbeError } from '../../model/errors.ts'

const LEAD_BYTES = 96
const LEAD_MAGIC = 0xedabeedb
/** the last byte is the version, 1 */
const HEADER_MAGIC = 0x8eade801
const PREAMBLE_BYTES = 16
const ENTRY_BYTES = 16
/** Bytes. The header of a kernel's debug package has 10 MB, because it lists each file. */
const MAX_STORE = 64 * 1024 * 1024
const MAX_ENTRIES = 65_536
/** the file has a signature header before its main header: rpm 3 and later */
const SIGNATURE_TYPE = 5

/** Supported versions of the lead. rpm 6 writes 4, too. */
const VERSIONS = [3, 4]

/** Tags of the main header (rpm's include/rpm/rpmtag.h). */
export const TAGS = {
  region: 63,
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  arch: 1022,
  sourceRpm: 1044,
  payloadFormat: 1124,
  payloadCompressor: 1125,
  payloadDigest: 5092,
} as const

/** Tags of the signature header. */
export const SIGNATURE_TAGS = {
  region: 62,
  dsa: 267,
  rsa: 268,
  sha1: 269,
  sha256: 273,
  openpgp: 278,
  /** this and the following tags cover header and payload */
  pgp: 1002,
  md5: 1004,
  gpg: 1005,
} as const

const TYPES = { int32: 4, string: 6, bin: 7, strings: 8, translated: 9 } as const

export type Header = ReturnType<typeof headerAt>

export type RpmFile = ReturnType<typeof readRpm>

/** True if the file begins like an rpm. */
export const isRpm = (file: Uint8Array): boolean =>
  file.length >= LEAD_BYTES && viewOf(file).getUint32(0) === LEAD_MAGIC

/** @throws {ProbeError} `signature-invalid`: it is not an rpm, or its header has entries that no signature can cover. */
export function readRpm(file: Uint8Array) {
  if (!isRpm(file)) throw noRpm('it does not begin as one')
  const lead = viewOf(file)
  if (!VERSIONS.includes(lead.getUint8(4)) || lead.getUint16(78) !== SIGNATURE_TYPE)
    throw noRpm('the version of its lead is not supported')
  // The signature header is not signed itself.
  const signature = headerAt(file, LEAD_BYTES)
  if (signature.entries[0]?.tag === SIGNATURE_TAGS.region) checkRegion(signature, SIGNATURE_TAGS.region)
  // The main header begins at a multiple of eight.
  const header = headerAt(file, LEAD_BYTES + Math.ceil(signature.blob.length / 8) * 8)
  checkRegion(header, TAGS.region)
  const { blob } = header
  const end = blob.byteOffset - file.byteOffset + blob.length
  /** `payload`: compressed; empty: the file ends with its header. */
  return { signature, header, payload: file.subarray(end) }
}

interface Entry {
  readonly tag: number
  readonly type: number
  readonly offset: number
  readonly count: number
}

function headerAt(file: Uint8Array, at: number) {
  if (at + PREAMBLE_BYTES > file.length) throw noRpm('it is cut off')
  const view = new DataView(file.buffer, file.byteOffset + at, file.length - at)
  if (view.getUint32(0) !== HEADER_MAGIC) throw noRpm('a header does not begin as one')
  const [count, storeBytes] = [view.getUint32(8), view.getUint32(12)]
  if (count === 0 || count > MAX_ENTRIES || storeBytes > MAX_STORE)
    throw noRpm(`a header counts ${count} entries and ${storeBytes} bytes`)
  const start = PREAMBLE_BYTES + count * ENTRY_BYTES
  if (start + storeBytes > view.byteLength) throw noRpm('it is cut off in a header')
  const entries = Array.from({ length: count }, (_, i) => entryAt(view, PREAMBLE_BYTES + i * ENTRY_BYTES))
  const store = file.subarray(at + start, at + start + storeBytes)
  checkEntries(entries, store)
  // The complete header with its preamble, as in the file: signatures cover these bytes.
  const blob = file.subarray(at, at + start + storeBytes)
  return { blob, entries, store, ...accessTo(entries, store) }
}

const entryAt = (view: DataView, at: number): Entry => ({
  tag: view.getUint32(at),
  type: view.getUint32(at + 4),
  offset: view.getInt32(at + 8),
  count: view.getUint32(at + 12),
})

/** Bytes of one value, by type. 0: null, or a text of any length. */
const WIDTHS = [0, 1, 1, 2, 4, 8, 0, 1, 0, 0]
const TEXTS: readonly number[] = [TYPES.string, TYPES.strings, TYPES.translated]

/** Checks, as rpm's lib/header.c does, that the entries' values follow each other in the store, and lie within it. */
function checkEntries(entries: readonly Entry[], store: Uint8Array): void {
  let end = 0
  for (const { tag, type, offset, count } of isRegion(entries[0]) ? entries.slice(1) : entries) {
    const width = WIDTHS[type]
    if (tag < FIRST_TAG || width === undefined || type === 0 || count === 0)
      throw noRpm(`its tag ${tag} is of no known type`)
    if (offset < end || offset > store.length) throw noRpm(`its tag ${tag} lies where others are`)
    end = TEXTS.includes(type) ? endOfTexts(store, offset, count) : offset + width * count
    if (end > store.length) throw noRpm(`its tag ${tag} reaches beyond the end of its header`)
  }
}

/** Lower tags describe the header itself. */
const FIRST_TAG = 100
const isRegion = (entry: Entry | undefined): boolean =>
  entry?.tag === TAGS.region || entry?.tag === SIGNATURE_TAGS.region

function endOfTexts(store: Uint8Array, offset: number, count: number): number {
  let at = offset
  for (let i = 0; i < count; i += 1) {
    const end = store.indexOf(0, at)
    if (end < 0) throw noRpm('a text of its header does not end')
    at = end + 1
  }
  return at
}

/**
 * The first entry is the region that signatures cover. Its trailer, at the end of the store, counts the entries in the region.
 * If the region were smaller than the header, anybody could have added the entries outside of it.
 */
function checkRegion({ entries, store }: Header, tag: number): void {
  const [first] = entries
  if (first?.tag !== tag || first.type !== TYPES.bin || first.count !== ENTRY_BYTES)
    throw noRpm('its header has no region that could be signed, as before rpm 4')
  if (first.offset !== store.length - ENTRY_BYTES)
    throw noRpm('the region does not reach to the end of its header')
  const trailer = entryAt(viewOf(store.subarray(first.offset)), 0)
  const size = -entries.length * ENTRY_BYTES
  if (
    trailer.tag !== tag ||
    trailer.type !== TYPES.bin ||
    trailer.offset !== size ||
    trailer.count !== ENTRY_BYTES
  )
    throw noRpm('entries of its header lie outside of the region that is signed')
}

/** Access by tag; the entries must have passed `checkEntries`. */
function accessTo(entries: readonly Entry[], store: Uint8Array) {
  const find = (tag: number, types: readonly number[]): Entry | undefined => {
    const entry = entries.find((one) => one.tag === tag)
    if (entry !== undefined && !types.includes(entry.type)) throw noRpm(`its tag ${tag} is not of its type`)
    return entry
  }
  const strings = (tag: number): readonly string[] => {
    const entry = find(tag, TEXTS)
    return entry === undefined ? [] : textsAt(store, entry)
  }
  return {
    /** true if it has at least one of the tags */
    has: (...tags: readonly number[]) => entries.some(({ tag }) => tags.includes(tag)),
    strings,
    string: (tag: number): string | undefined => strings(tag)[0],
    number: (tag: number): number | undefined => {
      const entry = find(tag, [TYPES.int32])
      return entry && viewOf(store.subarray(entry.offset)).getUint32(0)
    },
    bytes: (tag: number): Uint8Array | undefined => {
      const entry = find(tag, [TYPES.bin])
      return entry && store.subarray(entry.offset, entry.offset + entry.count)
    },
  }
}

function textsAt(store: Uint8Array, { offset, count }: Entry): string[] {
  const bytes = store.subarray(offset, endOfTexts(store, offset, count))
  return new TextDecoder().decode(bytes).split('\0').slice(0, -1)
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength)

const noRpm = (why: string): ProbeError =>
  new ProbeError('signature-invalid', `this is not an rpm that can be verified: ${why}`)
