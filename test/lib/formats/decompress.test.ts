import { execFileSync } from 'node:child_process'
import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Compression, compressionOf, decompressed } from '../../../lib/formats/decompress.ts'

/** Packs with the machine's own tool. */
const packed =
  (command: string, ...args: string[]) =>
  (text: Uint8Array): Uint8Array =>
    execFileSync(command, ['-c', ...args], { input: text, maxBuffer: 1 << 28 })

async function unpacked(bytes: Uint8Array, maxBytes = 1 << 28): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of decompressed(bytes, compressionOf(bytes) as Compression, maxBytes))
    chunks.push(chunk.slice())
  return Buffer.concat(chunks)
}

/** One part resembles a list, the other one an image. */
const TEXT = Buffer.concat([
  Buffer.alloc(3_000_000, 'kernel-devel 5.14.0\n'),
  Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * i * 31 + (i >> 3)) & 255)),
])

describe.each([
  ['gzip', packed('gzip')],
  ['bzip2', packed('bzip2')],
  ['bzip2 in small blocks', packed('bzip2', '-1')],
  ['zstd', (text: Uint8Array) => zstdCompressSync(text)],
  ['xz with CRC64, as it writes by itself', packed('xz', '-1')],
  ['xz with SHA-256, as rpm writes it', packed('xz', '-1', '--check=sha256')],
  ['xz with SHA-256 in many blocks', packed('xz', '-1', '--check=sha256', '--block-size=500000')],
  ['xz without a check', packed('xz', '-1', '--check=none')],
  ['nothing', (text: Uint8Array) => text],
] as const)('%s', (_, pack) => {
  test.each([
    ['a list', TEXT],
    ['a byte', Buffer.of(7)],
    ['no byte', Buffer.alloc(0)],
  ])('gives back %s', async (_what, text) => {
    expect((await unpacked(pack(text))).equals(text)).toBe(true)
  })

  test('is bounded', async () => {
    await expect(unpacked(pack(TEXT), 1_000_000)).rejects.toMatchObject({ code: 'too-large' })
  })
})

test('lzma is not recognized', () => {
  expect(compressionOf(packed('xz', '--format=lzma')(TEXT))).toBeUndefined()
})

test.each([
  ['xz with SHA-256', packed('xz', '-0', '--check=sha256', '--block-size=20000')],
  ['bzip2', packed('bzip2')],
])('the decompression of corrupt %s ends, with an error or with some bytes', async (_, pack) => {
  const whole = pack(TEXT.subarray(0, 100_000))
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), async (at, byte, cut) => {
      const bytes = Buffer.from(whole)
      bytes[at] = byte
      await unpacked(cut ? bytes.subarray(0, at) : bytes, 1_000_000).catch((error: unknown) => {
        expect(error).toBeInstanceOf(Error)
      })
    }),
    { numRuns: 100 },
  )
})

describe('bzip2', () => {
  const bytes = packed('bzip2')
  test.each([
    ['runs of every length', Buffer.concat(Array.from({ length: 600 }, (_, n) => Buffer.alloc(n, n & 255)))],
    ['the same byte for megabytes', Buffer.alloc(5_000_000, 7)],
    [
      'nothing that repeats',
      Buffer.from(Array.from({ length: 300_000 }, (_, i) => Math.imul(i, 2654435761) >>> 24)),
    ],
  ])('gives back %s', async (_, text) => {
    expect((await unpacked(bytes(text))).equals(text)).toBe(true)
  })

  test('gives back all of several concatenated files, as pbzip2 writes them', async () => {
    const text = TEXT.subarray(0, 50_000)
    expect(await unpacked(Buffer.concat([bytes(text), bytes(text)]))).toEqual(Buffer.concat([text, text]))
  })

  test('gives back any packed bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000, max: 7 }), async (text) => {
        expect(Buffer.compare(await unpacked(bytes(text)), Buffer.from(text))).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  test('that is cut off, followed by other bytes, or changed in its text, is refused', async () => {
    const whole = bytes(TEXT.subarray(0, 50_000))
    await expect(unpacked(whole.subarray(0, -10))).rejects.toThrow(/ends too early/)
    await expect(unpacked(Buffer.concat([whole, Buffer.from('more')]))).rejects.toThrow(/not bzip2/)
    const changed = Buffer.from(whole)
    changed[10] = (changed[10] ?? 0) ^ 1
    await expect(unpacked(changed)).rejects.toThrow(/checksum of a block/)
  })
})
