import { execFileSync } from 'node:child_process'
import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Compression, compressionOf, decompressed } from '../../../lib/formats/decompress.ts'

/** As the machine's own tool writes it. */
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

/** Half of it like a list, half like an image. */
const TEXT = Buffer.concat([
  Buffer.alloc(3_000_000, 'kernel-devel 5.14.0\n'),
  Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * i * 31 + (i >> 3)) & 255)),
])

describe.each([
  ['gzip', packed('gzip')],
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

test.each([
  ['bzip2', Buffer.from('BZh91AY&SY')],
  ['lzma', packed('xz', '--format=lzma')(TEXT)],
])('%s is known to be unknown', (_, bytes) => {
  expect(compressionOf(bytes)).toBeUndefined()
})

test('xz with SHA-256 that is broken anywhere ends with an error or with other bytes, and ends', async () => {
  const whole = packed('xz', '-0', '--check=sha256', '--block-size=20000')(TEXT.subarray(0, 100_000))
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
