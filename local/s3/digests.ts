// Computes the digests of a body while it streams in, and compares them with the expected ones at its end.

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { S3Error } from './errors.ts'

export const CHECKSUMS = ['crc32', 'sha256'] as const
/** base64, as in `x-amz-checksum-*` */
export type Checksums = Readonly<Partial<Record<(typeof CHECKSUMS)[number], string>>>

interface Digests {
  readonly bytes: number
  readonly md5: Buffer
  readonly sha256: Buffer
  readonly crc32: Buffer
}

/**
 * `body` passes on `source`, which must have exactly `bytes` bytes. Call `digests` after it has ended.
 * @throws {S3Error} IncompleteBody
 */
export function measure(source: AsyncIterable<Uint8Array>, bytes: number) {
  const md5 = createHash('md5')
  const sha256 = createHash('sha256')
  let crc = 0
  let seen = 0
  async function* body(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      seen += chunk.length
      if (seen > bytes) throw incomplete()
      md5.update(chunk)
      sha256.update(chunk)
      crc = crc32(chunk, crc)
      yield chunk
    }
    if (seen !== bytes) throw incomplete()
  }
  const digests = (): Digests => {
    const big = Buffer.alloc(4)
    big.writeUInt32BE(crc)
    return { bytes: seen, md5: md5.digest(), sha256: sha256.digest(), crc32: big }
  }
  return { body: body(), digests }
}

const incomplete = () => new S3Error('IncompleteBody', 'The body is not as long as its Content-Length says.')

/** @throws {S3Error} BadDigest; XAmzContentSHA256Mismatch for the signed digest */
export function checkDigests(
  digests: Digests,
  expected: { readonly checksums: Checksums; readonly md5?: string; readonly sha256?: string },
): void {
  if (expected.sha256 !== undefined && expected.sha256 !== digests.sha256.toString('hex')) {
    throw new S3Error('XAmzContentSHA256Mismatch', 'The body is not the one that x-amz-content-sha256 names.')
  }
  if (expected.md5 !== undefined && expected.md5 !== digests.md5.toString('base64')) {
    throw new S3Error('BadDigest', 'The body does not match Content-MD5.')
  }
  for (const name of CHECKSUMS) {
    const value = expected.checksums[name]
    if (value !== undefined && value !== digests[name].toString('base64')) {
      throw new S3Error('BadDigest', `The body does not match x-amz-checksum-${name}.`)
    }
  }
}
