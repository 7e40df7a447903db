import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../../lib/kconfig/read.ts'
import { type ErrorCode, isProbeError } from '../../../lib/model/errors.ts'
import { configBytes } from '../../support/kconfig/vectors.ts'

const MB = 1024 * 1024

function codeOf(bytes: Uint8Array): ErrorCode | undefined {
  try {
    readConfig(bytes)
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

  test('are the same text plain and in gzip', () => {
    const plain = gunzipSync(real)
    expect(readConfig(real)).toEqual({ text: plain.toString('latin1') })
    expect(readConfig(plain)).toEqual(readConfig(real))
  })

  test('are read within a larger buffer', () => {
    const within = Buffer.concat([Buffer.alloc(3), real, Buffer.alloc(5)]).subarray(3, 3 + real.length)
    expect(readConfig(within)).toEqual(readConfig(real))
  })

  test('keep each byte, so that the parser sees what is no text', () => {
    expect(readConfig(Buffer.from([0x41, 0xe9, 0, 0xff]))).toEqual({ text: 'A\xe9\0\xff' })
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
  ])('are refused as gzip %s', (_, bytes) => {
    expect(codeOf(bytes)).toBe('bad-config')
  })

  test.each<[string, () => Buffer]>([
    ['plain text of more than 4 MB', () => Buffer.alloc(4 * MB + 1, '\n')],
    ['20 MB', () => Buffer.alloc(20 * MB, '\n')],
    ['gzip of one byte more than 4 MB', () => gzipSync(Buffer.alloc(4 * MB + 1, '\n'))],
    ['a gigabyte of zeros in gzip', bomb],
  ])('are too large as %s', (_, bytes) => {
    expect(codeOf(bytes())).toBe('body-too-large')
  })

  test('4 MB in gzip are not too many', () => {
    expect(readConfig(gzipSync(Buffer.alloc(4 * MB, '\n'))).text.length).toBe(4 * MB)
  })

  test('a gigabyte of zeros costs no more than the first 4 MB of it', () => {
    const bytes = bomb()
    const start = performance.now()
    codeOf(bytes)
    expect(performance.now() - start).toBeLessThan(500)
  })

  test('are text or refused, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.boolean(), (bytes, asGzip) => {
        const code = codeOf(asGzip ? Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), bytes]) : bytes)
        expect([undefined, 'bad-config']).toContain(code)
      }),
    )
  })
})

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = copy[at]! ^ 0xff
  return copy
}
