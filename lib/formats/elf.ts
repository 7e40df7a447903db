// Reads ELF64 little-endian relocatable objects from untrusted builds, and checks all bounds.
// Hand-written: elfy 1.0.0 silently shortens a section that extends beyond the end of the file.

import { ProbeError } from '../model/errors.ts'

// Field offsets and constants: elf(5), and the System V gABI, chapters 4 and 5.
const FILE_HEADER_BYTES = 64
const SECTION_HEADER_BYTES = 64
const CLASS_64 = 2
const LITTLE_ENDIAN = 1
const CURRENT_VERSION = 1
const RELOCATABLE = 1
/** larger section counts and indexes are stored elsewhere ("extended numbering") */
const RESERVED_INDEXES = 0xff00
const SHT_NULL = 0
const SHT_NOBITS = 8
const SHF_ALLOC = 0x2n
const SHF_COMPRESSED = 0x800n
/** the longest section names in real probes have about 60 bytes */
const MAX_NAME_BYTES = 255

export interface Section {
  readonly name: string
  /** is loaded into memory with the program; loaders ignore all other sections */
  readonly loaded: boolean
  readonly compressed: boolean
  /** `undefined`: the file contains no bytes of it (SHT_NULL, SHT_NOBITS) */
  readonly contents: Uint8Array | undefined
}

export type ElfObject = ReturnType<typeof readElf>

/**
 * Reads all sections, and checks that each lies within the file. Their contents are views of `bytes`.
 * @throws {ProbeError} `not-the-probe`; no bytes can cause any other error.
 */
export function readElf(bytes: Uint8Array) {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  checkFileHeader(header)
  const headers = sectionHeaders(bytes, header)
  const index = header.getUint16(62, true)
  const names = headers[index]?.contents
  if (names === undefined)
    throw notTheProbe(`section ${index} should hold the section names, and holds nothing`)
  return {
    /** e_machine */
    machine: header.getUint16(18, true),
    sections: headers.map((section): Section => ({ ...section, name: nameAt(names, section.nameOffset) })),
  }
}

/**
 * Contents of the only section with that name.
 * @throws {ProbeError} `not-the-probe`: there are none or several, or it is empty, compressed or not loaded.
 */
export function loadedSection({ sections }: ElfObject, name: string): Uint8Array {
  const [section, ...others] = sections.filter((candidate) => candidate.name === name)
  if (section === undefined) throw notTheProbe(`it has no section ${name}`)
  if (others.length > 0) throw notTheProbe(`it has ${others.length + 1} sections ${name}, not one`)
  if (!section.loaded) throw notTheProbe(`no loader looks at its section ${name}: it is not marked as loaded`)
  if (section.compressed) throw notTheProbe(`its section ${name} is compressed, which no loader expects`)
  if (!section.contents?.length) throw notTheProbe(`its section ${name} is empty`)
  return section.contents
}

export const notTheProbe = (found: string): ProbeError =>
  new ProbeError('not-the-probe', `the build's output is not the probe: ${found}`)

function checkFileHeader(header: DataView): void {
  if (header.byteLength < FILE_HEADER_BYTES) {
    throw notTheProbe(`${header.byteLength} bytes cannot hold an ELF header of ${FILE_HEADER_BYTES}`)
  }
  const expect = (what: string, found: number, expected: number) => {
    if (found !== expected) throw notTheProbe(`its ${what} is ${found}, not ${expected}`)
  }
  if (header.getUint32(0) !== 0x7f454c46) throw notTheProbe('it does not begin as an ELF file does')
  expect('ELF class', header.getUint8(4), CLASS_64)
  expect('ELF byte order', header.getUint8(5), LITTLE_ENDIAN)
  expect('ELF identification version', header.getUint8(6), CURRENT_VERSION)
  expect('ELF type', header.getUint16(16, true), RELOCATABLE)
  expect('ELF version', header.getUint32(20, true), CURRENT_VERSION)
  expect('section header size', header.getUint16(58, true), SECTION_HEADER_BYTES)
}

type SectionHeader = Omit<Section, 'name'> & { readonly nameOffset: number }

function sectionHeaders(bytes: Uint8Array, header: DataView): SectionHeader[] {
  const count = header.getUint16(60, true)
  if (count === 0 || count >= RESERVED_INDEXES) {
    throw notTheProbe(`it counts ${count} sections, not 1 to ${RESERVED_INDEXES - 1}`)
  }
  const size = BigInt(count * SECTION_HEADER_BYTES)
  const table = range(bytes, header.getBigUint64(40, true), size, 'its section table')
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength)
  return Array.from({ length: count }, (_, index) => sectionHeader(bytes, view, index))
}

function sectionHeader(bytes: Uint8Array, table: DataView, index: number): SectionHeader {
  const at = index * SECTION_HEADER_BYTES
  const type = table.getUint32(at + 4, true)
  const flags = table.getBigUint64(at + 8, true)
  const [offset, size] = [table.getBigUint64(at + 24, true), table.getBigUint64(at + 32, true)]
  return {
    nameOffset: table.getUint32(at, true),
    loaded: (flags & SHF_ALLOC) !== 0n,
    compressed: (flags & SHF_COMPRESSED) !== 0n,
    contents:
      type === SHT_NULL || type === SHT_NOBITS ? undefined : range(bytes, offset, size, `section ${index}`),
  }
}

/** Adds bigints, so that no sum of two 64-bit numbers wraps around. */
function range(bytes: Uint8Array, offset: bigint, size: bigint, what: string): Uint8Array {
  if (offset + size > BigInt(bytes.length)) {
    throw notTheProbe(`${what} would end at byte ${offset + size} of a file of ${bytes.length} bytes`)
  }
  return bytes.subarray(Number(offset), Number(offset + size))
}

function nameAt(names: Uint8Array, offset: number): string {
  const window = names.subarray(offset, offset + MAX_NAME_BYTES + 1)
  const end = window.indexOf(0)
  if (end < 0)
    throw notTheProbe(`a section name at byte ${offset} does not end within ${MAX_NAME_BYTES} bytes`)
  return String.fromCharCode(...window.subarray(0, end))
}
