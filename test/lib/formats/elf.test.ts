import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadedSection, readElf } from '../../../lib/formats/elf.ts'
import { isProbeError } from '../../../lib/model/errors.ts'
import {
  compile,
  ebpfObject,
  moduleObject,
  patched,
  sectionHeaderAt,
  tell,
  viewOf,
} from '../../support/objects.ts'

const MODULE = moduleObject()
const EBPF = ebpfObject()

const refusal = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (isProbeError(error, 'not-the-probe')) return error.message
    throw error
  }
  return ''
}

/** Names and sizes as `readelf` sees them, without section 0. */
const toldByReadelf = (object: Uint8Array) =>
  tell(object, 'readelf', ['-WS'])
    .split('\n')
    .map((row) => /^\s*\[\s*(\d+)\] (\S+)\s+(\S+)\s+[0-9a-f]{16} [0-9a-f]+ ([0-9a-f]+)/.exec(row))
    .filter((match) => match !== null && match[1] !== '0')
    .map((match) => ({
      name: match?.[2],
      size: match?.[3] === 'NOBITS' ? 0 : Number.parseInt(match?.[4] ?? '', 16),
    }))

describe('sections of real objects', () => {
  test.each([
    ['a module', MODULE],
    ['an eBPF object', EBPF],
    [
      'a module with debug information',
      compile(['-g', '--target=aarch64-linux-gnu'], 'int zero[99]; int f(void) { return zero[1]; }'),
    ],
  ])('%s is read as readelf reads it', (_, object) => {
    const [, ...sections] = readElf(object).sections
    expect(sections.map(({ name, contents }) => ({ name, size: contents?.length ?? 0 }))).toEqual(
      toldByReadelf(object),
    )
  })

  test('the contents are those that readelf shows', () => {
    const dump = tell(MODULE, 'readelf', ['-p', '.modinfo'])
    const lines = [...dump.matchAll(/\[\s*[0-9a-f]+\]\s\s?(.*)/g)].map((match) => match[1])
    const info = new TextDecoder().decode(loadedSection(readElf(MODULE), '.modinfo'))
    expect(info.split('\0').filter(Boolean)).toEqual(lines)
  })

  test('an object inside a larger buffer is read correctly', () => {
    const larger = new Uint8Array(MODULE.length + 20).fill(0xff)
    larger.set(MODULE, 7)
    expect(readElf(larger.subarray(7, 7 + MODULE.length))).toEqual(readElf(MODULE))
  })
})

describe('a file that is not a valid probe object', () => {
  test.each([
    ['nothing at all', new Uint8Array(), /0 bytes cannot hold an ELF header/],
    ['an HTML page', new TextEncoder().encode('<!doctype html>'.repeat(20)), /does not begin as an ELF file/],
    ['a 32-bit object', compile(['--target=i386-linux-gnu'], 'int a;'), /ELF class is 1, not 2/],
    ['a big-endian object', compile(['--target=powerpc64-linux-gnu'], 'int a;'), /byte order is 2, not 1/],
    ['a linked program', new Uint8Array(readFileSync('/bin/true')), /ELF type is [23], not 1/],
  ])('%s is refused', (_, bytes, message) => expect(refusal(() => readElf(bytes))).toMatch(message))

  const END = 2n ** 64n - 1n
  test.each<[string, (view: DataView) => void, RegExp]>([
    ['no section', (v) => v.setUint16(60, 0, true), /counts 0 sections/],
    ['extended section numbering', (v) => v.setUint16(60, 0xffff, true), /counts 65535 sections/],
    [
      'more sections than the file can hold',
      (v) => v.setUint16(60, 0xfeff, true),
      /section table would end at byte/,
    ],
    ['a section table past the end', (v) => v.setBigUint64(40, BigInt(MODULE.length), true), /would end/],
    ['a section table whose end wraps around', (v) => v.setBigUint64(40, END, true), /end at byte 184467/],
    ['section headers of another size', (v) => v.setUint16(58, 40, true), /header size is 40, not 64/],
    [
      'names in a section that is not there',
      (v) => v.setUint16(62, 0xff00, true),
      /section 65280 should hold/,
    ],
    ['names in the empty section', (v) => v.setUint16(62, 0, true), /section 0 should hold/],
  ])('an object with %s is refused', (_, patch, message) => {
    expect(refusal(() => readElf(patched(MODULE, patch)))).toMatch(message)
  })

  const header = sectionHeaderAt(MODULE, '.modinfo')
  test.each<[string, (view: DataView) => void, RegExp]>([
    [
      'one that ends past the file',
      (v) => v.setBigUint64(header + 32, BigInt(MODULE.length), true),
      /would end/,
    ],
    ['one whose end wraps around', (v) => v.setBigUint64(header + 24, END, true), /would end at byte 1844/],
    ['one with a size of 2^64-1', (v) => v.setBigUint64(header + 32, END, true), /would end at byte 1844/],
    [
      'one whose name lies outside of the names',
      (v) => v.setUint32(header, 0xffffffff, true),
      /section name at byte/,
    ],
    ['one without bytes in the file', (v) => v.setUint32(header + 4, 8, true), /\.modinfo is empty/],
    ['one of no bytes', (v) => v.setBigUint64(header + 32, 0n, true), /\.modinfo is empty/],
    ['a compressed one', (v) => v.setBigUint64(header + 8, 0x802n, true), /\.modinfo is compressed/],
    ['one that no loader looks at', (v) => v.setBigUint64(header + 8, 0n, true), /not marked as loaded/],
  ])('a bad section is refused: %s', (_, patch, message) => {
    expect(refusal(() => loadedSection(readElf(patched(MODULE, patch)), '.modinfo'))).toMatch(message)
  })

  test('a missing section is refused, and so is a second one of the same name', () => {
    const elf = readElf(MODULE)
    expect(refusal(() => loadedSection(elf, '.nowhere'))).toMatch(/no section \.nowhere/)
    const twice = { ...elf, sections: [...elf.sections, ...elf.sections] }
    expect(refusal(() => loadedSection(twice, '.modinfo'))).toMatch(/2 sections \.modinfo/)
  })

  test('a section name without an end is refused after 255 bytes', () => {
    const names = sectionHeaderAt(MODULE, '.strtab')
    const endless = new Uint8Array(MODULE.length + 4096).fill(0x61)
    endless.set(MODULE)
    viewOf(endless).setBigUint64(names + 24, BigInt(MODULE.length), true)
    viewOf(endless).setBigUint64(names + 32, 4096n, true)
    expect(refusal(() => readElf(endless))).toMatch(/does not end within 255 bytes/)
  })
})

describe('hostile bytes', () => {
  const readsOrRefuses = (bytes: Uint8Array) => void refusal(() => readElf(bytes))

  test('the largest section table with one long name is read', () => {
    const count = 0xfeff
    const bytes = new Uint8Array(64 + count * 64 + 256).fill(0x61)
    bytes.set(MODULE.subarray(0, 64))
    bytes.fill(0, 64, 64 + count * 64)
    bytes[bytes.length - 1] = 0
    const view = viewOf(bytes)
    view.setBigUint64(40, 64n, true)
    view.setUint16(60, count, true)
    view.setUint16(62, 1, true)
    view.setUint32(64 + 64 + 4, 3, true)
    view.setBigUint64(64 + 64 + 24, BigInt(64 + count * 64), true)
    view.setBigUint64(64 + 64 + 32, 256n, true)
    expect(readElf(bytes).sections).toHaveLength(count)
  })

  test('random bytes throw nothing but a ProbeError', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), readsOrRefuses), { numRuns: 3000 })
  })

  test('a truncated object throws nothing but a ProbeError', () => {
    for (let length = 0; length < EBPF.length; length++) readsOrRefuses(EBPF.subarray(0, length))
  })

  test('an object with hostile 64-bit fields throws nothing but a ProbeError', () => {
    const table = Number(viewOf(EBPF).getBigUint64(40, true))
    const fields = fc
      .integer({ min: 0, max: Math.floor((EBPF.length - table) / 8) - 1 })
      .map((n) => table + n * 8)
    const values = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.bigInt({ min: 0n, max: BigInt(EBPF.length + 2) }),
      fc.constantFrom(0n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 53n, 2n ** 32n, 2n ** 31n - 1n),
    )
    const writes = fc.array(fc.tuple(fc.oneof(fields, fc.constant(40)), values), {
      minLength: 1,
      maxLength: 6,
    })
    fc.assert(
      fc.property(writes, (list) =>
        readsOrRefuses(
          patched(EBPF, (view) =>
            list.forEach(([at, value]) => {
              view.setBigUint64(at, value, true)
            }),
          ),
        ),
      ),
      { numRuns: 5000 },
    )
  })
})
