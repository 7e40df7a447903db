import { execFileSync } from 'node:child_process'
import { constants, gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../../lib/kconfig/read.ts'
import { type ErrorCode, isProbeError } from '../../../lib/model/errors.ts'
import { configBytes } from '../../support/kconfig/vectors.ts'

const MB = 1024 * 1024

async function codeOf(bytes: Uint8Array): Promise<ErrorCode | undefined> {
  try {
    await readConfig(bytes)
    return undefined
  } catch (error) {
    if (isProbeError(error)) return error.code
    throw error
  }
}

/** A gigabyte of zeros in a megabyte, in members of 64 MB each. */
const bomb = (): Buffer => Buffer.concat(Array(16).fill(gzipSync(Buffer.alloc(64 * MB), { level: 1 })))

describe('the bytes of a config', () => {
  const real = configBytes('debian_6.1.0-56-amd64')

  const plain = gunzipSync(real)
  const xz = packed('xz', plain)

  test.each<[string, Buffer]>([
    ['plain', plain],
    ['by gzip', real],
    ['by xz', xz],
    ['by xz with another check', packed('xz', plain, '-C', 'crc32')],
    ['by zstd', zstdCompressSync(plain)],
    ['by zstd with a checksum', withChecksum(plain)],
  ])('give the same text, packed %s', async (_, bytes) => {
    expect(await readConfig(bytes)).toEqual({ text: plain.toString('latin1') })
  })

  test('are refused with the name of the compression if it is not supported', async () => {
    await expect(readConfig(packed('bzip2', plain))).rejects.toThrow(
      /packed by bzip2; send it plain, or packed/,
    )
    await expect(readConfig(packed('xz', plain, '--format=lzma'))).rejects.toThrow(/packed by lzma; send/)
  })

  test('are read within a larger buffer', async () => {
    const within = Buffer.concat([Buffer.alloc(3), real, Buffer.alloc(5)]).subarray(3, 3 + real.length)
    expect(await readConfig(within)).toEqual(await readConfig(real))
  })

  test('are all kept, so that the parser sees bytes that are not text', async () => {
    expect(await readConfig(Buffer.from([0x41, 0xe9, 0, 0xff]))).toEqual({ text: 'A\xe9\0\xff' })
  })

  test.each<[string, Buffer]>([
    ['cut off', real.subarray(0, real.length - 9)],
    ['cut off in its trailer', real.subarray(0, real.length - 2)],
    ['cut off after its magic', real.subarray(0, 2)],
    ['followed by more', Buffer.concat([real, Buffer.from('$(touch pwned)')])],
    ['followed by zeros', Buffer.concat([real, Buffer.alloc(512)])],
    ['followed by another', Buffer.concat([real, gzipSync('CONFIG_A=y\n')])],
    ['of another text than its checksum', flipped(real, real.length - 7)],
    ['broken inside', flipped(real, 1000)],
    ['of a method that is not deflate', flipped(real, 2)],
  ])('are refused as gzip %s', async (_, bytes) => {
    expect(await codeOf(bytes)).toBe('bad-config')
  })

  const zstd = zstdCompressSync(plain)
  test.each<[string, Buffer]>([
    ['xz that is cut off', xz.subarray(0, xz.length - 9)],
    ['xz that is cut off after its header', xz.subarray(0, 12)],
    ['xz that is followed by more', Buffer.concat([xz, Buffer.from('$(touch pwned)')])],
    ['xz that is broken inside', flipped(xz, 1000)],
    ['xz that asks for 1.5 GB of memory', packed('xz', plain, '--lzma2=dict=1536MiB')],
    ['zstd that is cut off', zstd.subarray(0, zstd.length - 3)],
    ['zstd that is cut off after its magic', zstd.subarray(0, 4)],
    ['zstd that is followed by more', Buffer.concat([zstd, Buffer.from('$(touch pwned)')])],
    ['zstd that is followed by another', Buffer.concat([zstd, zstd])],
    ['zstd that is broken inside', flipped(withChecksum(plain), 1000)],
    ['zstd that asks for 2 GB of memory', Buffer.from('28b52ffd00a8010000', 'hex')],
  ])('are refused as %s', async (_, bytes) => {
    expect(await codeOf(bytes)).toBe('bad-config')
  })

  test.each<[string, () => Buffer]>([
    ['plain text of more than 4 MB', () => Buffer.alloc(4 * MB + 1, '\n')],
    ['20 MB', () => Buffer.alloc(20 * MB, '\n')],
    ['gzip of one byte more than 4 MB', () => gzipSync(Buffer.alloc(4 * MB + 1, '\n'))],
    ['xz of one byte more than 4 MB', () => packed('xz', Buffer.alloc(4 * MB + 1, '\n'))],
    ['zstd of one byte more than 4 MB', () => zstdCompressSync(Buffer.alloc(4 * MB + 1, '\n'))],
    ['a gigabyte of zeros in gzip', bomb],
  ])('are too large as %s', async (_, bytes) => {
    expect(await codeOf(bytes())).toBe('body-too-large')
  })

  test.each<[string, (plain: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['xz', (plain) => packed('xz', plain)],
    ['zstd', zstdCompressSync],
  ])('are accepted as 4 MB packed by %s', async (_, pack) => {
    expect((await readConfig(pack(Buffer.alloc(4 * MB, '\n')))).text.length).toBe(4 * MB)
  })

  test.each<[string, () => Buffer]>([
    ['a gigabyte of zeros in gzip', bomb],
    ['200 MB of zeros in xz', () => packed('xz', Buffer.alloc(200 * MB), '-0')],
    ['200 MB of zeros in zstd', () => zstdCompressSync(Buffer.alloc(200 * MB))],
    ['a hundred thousand xz files of nothing', () => Buffer.concat(Array(100_000).fill(packed('xz', '')))],
  ])('cost less than half a second as %s', async (_, pack) => {
    const bytes = pack()
    const start = performance.now()
    await codeOf(bytes)
    expect(performance.now() - start).toBeLessThan(500)
  })

  test('are text or are refused, whatever they are', async () => {
    const magics = fc.constantFrom('', '1f8b08', 'fd377a585a00', '28b52ffd', '425a68', '5d0000')
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), magics, async (bytes, magic) => {
        const code = await codeOf(Buffer.concat([Buffer.from(magic, 'hex'), bytes]))
        expect([undefined, 'bad-config']).toContain(code)
      }),
    )
  })
})

const withChecksum = (plain: Buffer): Buffer =>
  zstdCompressSync(plain, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })

function packed(command: string, input: Buffer | string, ...options: string[]): Buffer {
  return execFileSync(command, ['-c', ...options], {
    input,
    maxBuffer: 16 * MB,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = copy[at]! ^ 0xff
  return copy
}
