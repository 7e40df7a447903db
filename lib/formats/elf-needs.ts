// Reads which interpreter and libraries an ELF64 little-endian file needs (elf(5); the System V gABI, chapter 5).
// Hand-written: elfy 1.0.0 silently shortens a section that extends beyond the end of the file.

import { ProbeError } from '../model/errors.ts'

export interface Needs {
  /** absolute path; `undefined`: not a dynamically linked program */
  readonly interpreter: string | undefined
  /** names such as `libc.so.6`, in the order in which the linker loads them */
  readonly libraries: readonly string[]
}

const CLASS_64 = 2
const LITTLE_ENDIAN = 1
const PT_LOAD = 1
const PT_DYNAMIC = 2
const PT_INTERP = 3
const DT_NULL = 0n
const DT_NEEDED = 1n
const DT_STRTAB = 5n
const PROGRAM_HEADER_BYTES = 56
const DYNAMIC_BYTES = 16

type Segment = ReturnType<typeof segmentsOf>[number]

/**
 * `undefined`: it is not an ELF file.
 * @throws {ProbeError} `digest-mismatch`: it is cut off, or it is not 64-bit little-endian.
 */
export function needsOf(file: Uint8Array): Needs | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (file.length < 4 || view.getUint32(0) !== 0x7f454c46) return undefined
  try {
    return needsIn(file, view)
  } catch (cause) {
    if (cause instanceof RangeError) throw broken('is cut off', cause)
    throw cause
  }
}

function needsIn(file: Uint8Array, view: DataView): Needs {
  if (view.getUint8(4) !== CLASS_64 || view.getUint8(5) !== LITTLE_ENDIAN)
    throw broken('is not of 64 bits, little-endian')
  const segments = segmentsOf(view)
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC)
  const interpreter = segments.find(({ type }) => type === PT_INTERP)
  return {
    interpreter: interpreter === undefined ? undefined : textAt(file, interpreter.offset),
    libraries: dynamic === undefined ? [] : librariesOf(file, view, segments, dynamic),
  }
}

function segmentsOf(view: DataView) {
  const [first, count] = [numberAt(view, 32), view.getUint16(56, true)]
  return Array.from({ length: count }, (_, index) => {
    const at = first + index * PROGRAM_HEADER_BYTES
    return {
      type: view.getUint32(at, true),
      offset: numberAt(view, at + 8),
      address: numberAt(view, at + 16),
      bytes: numberAt(view, at + 32),
    }
  })
}

function librariesOf(
  file: Uint8Array,
  view: DataView,
  segments: readonly Segment[],
  { offset, bytes }: Segment,
): string[] {
  const needed: number[] = []
  let names: number | undefined
  for (let at = offset; at < offset + bytes; at += DYNAMIC_BYTES) {
    const tag = view.getBigUint64(at, true)
    if (tag === DT_NULL) break
    if (tag === DT_NEEDED) needed.push(numberAt(view, at + 8))
    if (tag === DT_STRTAB) names = placeOf(segments, numberAt(view, at + 8))
  }
  if (needed.length > 0 && names === undefined) throw broken('names libraries, and has no names')
  return needed.map((name) => textAt(file, (names ?? 0) + name))
}

/** Offset in the file of the data that are loaded at `address`. */
function placeOf(segments: readonly Segment[], address: number): number {
  const holds = (one: Segment) =>
    one.type === PT_LOAD && address >= one.address && address < one.address + one.bytes
  const segment = segments.find(holds)
  if (segment === undefined) throw broken('has its names outside of what is loaded')
  return segment.offset + address - segment.address
}

/** A file in memory is so small that every valid offset is below 2^53. */
function numberAt(view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at, true))
  if (!Number.isSafeInteger(value)) throw broken('has an offset beyond any file')
  return value
}

function textAt(file: Uint8Array, at: number): string {
  const end = file.indexOf(0, at)
  if (at >= file.length || end < 0) throw broken('is cut off')
  return Buffer.from(file.subarray(at, end)).toString('latin1')
}

const broken = (what: string, cause?: unknown): ProbeError =>
  new ProbeError('digest-mismatch', `a program of a package ${what}`, { cause })
