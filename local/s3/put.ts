// PutObject: streams the body to disk, and checks its length and digests.

import type { Clock } from '../wire/types.ts'
import { type Call, isHeader, KEPT } from './call.ts'
import { CHECKSUMS, type Checksums, checkDigests, measure } from './digests.ts'
import { S3Error } from './errors.ts'
import type { ObjectInfo, Objects } from './objects.ts'

const MAX_BYTES = 5 * 1024 ** 3
const MAX_METADATA_BYTES = 2048

export async function putObject(call: Call, objects: Objects, now: Clock): Promise<void> {
  const ifAbsent = isIfAbsent(call)
  const headers = keptHeaders(call)
  const checksums = checksumsOf(call)
  const { body, digests } = measure(bodyOf(call), lengthOf(call))
  let stored: ObjectInfo | undefined
  const info = () => {
    const seen = digests()
    checkDigests(seen, { checksums, md5: call.header('content-md5'), sha256: signedDigest(call.payload) })
    const etag = `"${seen.md5.toString('hex')}"`
    stored = { key: call.key, bytes: seen.bytes, etag, lastModified: now(), headers, checksums }
    return stored
  }
  const result = await objects.put({ bucket: call.bucket, key: call.key, body, info, ifAbsent })
  if (result === 'exists' || stored === undefined) {
    throw new S3Error('PreconditionFailed', 'There is such an object, against If-None-Match.')
  }
  const answer = { etag: stored.etag, ...checksumHeaders(stored.checksums), 'content-length': 0 }
  call.response.writeHead(200, answer).end()
}

/** As `x-amz-checksum-*` headers. */
export const checksumHeaders = (checksums: Checksums): Record<string, string> =>
  Object.fromEntries(Object.entries(checksums).map(([name, value]) => [`x-amz-checksum-${name}`, value]))

function isIfAbsent({ header }: Call): boolean {
  const value = header('if-none-match')
  if (value === undefined || value === '*') return value === '*'
  throw new S3Error('NotImplemented', 'If-None-Match must be * here.')
}

const signedDigest = (payload: string) => (/^[0-9a-f]{64}$/.test(payload) ? payload : undefined)

/** Keeps the request open when a body is refused, because the response needs its socket. */
function bodyOf({ request, payload }: Call): AsyncIterable<Uint8Array> {
  if (payload !== 'UNSIGNED-PAYLOAD' && signedDigest(payload) === undefined)
    throw new S3Error('NotImplemented', 'This value of x-amz-content-sha256 is not implemented.')
  return request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
}

const checksumsOf = ({ header }: Call): Checksums =>
  Object.fromEntries(
    CHECKSUMS.map((name) => [name, header(`x-amz-checksum-${name}`)]).filter(
      ([, value]) => value !== undefined,
    ),
  )

function lengthOf({ header }: Call): number {
  const text = header('content-length')
  if (text === undefined) throw new S3Error('MissingContentLength', 'The length of the body must be given.')
  if (!/^\d{1,15}$/.test(text))
    throw new S3Error('InvalidArgument', 'The length of the body is not a number.')
  const bytes = Number(text)
  if (bytes > MAX_BYTES) throw new S3Error('EntityTooLarge', `An object has at most ${MAX_BYTES} bytes.`)
  return bytes
}

function keptHeaders({ header, amzHeaders }: Call): Record<string, string> {
  const meta = amzHeaders.filter((name) => name.startsWith('x-amz-meta-'))
  const given = [...KEPT, ...meta].map((name) => [name, header(name) ?? ''] as const)
  const kept = given.filter(([, value]) => value !== '')
  if (!kept.every(([name, value]) => isHeader(name, value)))
    throw new S3Error('InvalidArgument', 'A header to keep holds characters that no header can.')
  const bytes = meta.reduce((sum, name) => sum + name.length + Buffer.byteLength(header(name) ?? ''), 0)
  if (bytes > MAX_METADATA_BYTES) {
    throw new S3Error('MetadataTooLarge', `Metadata has at most ${MAX_METADATA_BYTES} bytes.`)
  }
  return Object.fromEntries(kept)
}
