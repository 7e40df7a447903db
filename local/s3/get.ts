// GetObject and HeadObject: conditions, ranges, and response headers from a signed query.

import { pipeline } from 'node:stream/promises'
import { type Call, isHeader, KEPT } from './call.ts'
import { S3Error } from './errors.ts'
import type { ObjectInfo, Objects } from './objects.ts'
import { checksumHeaders } from './put.ts'

/** Bytes of one read of an object that is not in memory. Each read costs a turn of the event loop, so this is large. */
const CHUNK = 512 * 1024

/** `missing` makes the error for an object that does not exist. */
export async function getObject(call: Call, objects: Objects, missing: () => S3Error): Promise<void> {
  const overrides = overridesOf(call)
  const held = call.operation === 'GetObject' ? await objects.held(call.bucket, call.key) : undefined
  if (held !== undefined) {
    const { start, bytes } = begin(call, held.info, overrides)
    return void call.response.end(held.bytes.subarray(start, start + bytes))
  }
  const object = await objects.open(call.bucket, call.key)
  if (object === undefined) throw missing()
  await using file = object.file
  const { start, bytes } = begin(call, object.info, overrides)
  if (call.operation === 'HeadObject' || bytes === 0) return void call.response.end()
  const part = { start, end: start + bytes - 1 }
  await pipeline(file.createReadStream({ ...part, autoClose: false, highWaterMark: CHUNK }), call.response)
}

/** Sends the head of the response, and returns which bytes of the object follow. */
function begin(call: Call, info: ObjectInfo, overrides: Record<string, string>) {
  const answer = answerOf(call, info)
  call.response.writeHead(answer.status, { ...answer.headers, ...overrides })
  return answer
}

function overridesOf({ parameter }: Call): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of KEPT) {
    const value = parameter(`response-${name}`)
    if (value === undefined) continue
    if (!isHeader(name, value))
      throw new S3Error('InvalidArgument', `response-${name} holds characters that no header can.`)
    headers[name] = value
  }
  return headers
}

/** `start`: offset of the response's bytes in the object. */
function answerOf(call: Call, info: ObjectInfo) {
  const headers = {
    ...info.headers,
    etag: info.etag,
    'last-modified': new Date(info.lastModified).toUTCString(),
    'accept-ranges': 'bytes',
  }
  if (isUnchanged(call, info)) return { status: 304, headers, start: 0, bytes: 0 }
  const range = rangeOf(call, info)
  if (range === undefined) {
    // A checksum covers the complete object: a client would find that it does not match a part.
    const checksums = call.header('x-amz-checksum-mode') === 'ENABLED' ? checksumHeaders(info.checksums) : {}
    const whole = { ...headers, ...checksums, 'content-length': info.bytes }
    return { status: 200, headers: whole, start: 0, bytes: info.bytes }
  }
  const { start, end } = range
  const bytes = end - start + 1
  const contentRange = `bytes ${start}-${end}/${info.bytes}`
  const part = { ...headers, 'content-range': contentRange, 'content-length': bytes }
  return { status: 206, headers: part, start, bytes }
}

/** Checks tags before dates, see RFC 9110, 13.2.2. @throws {S3Error} PreconditionFailed */
function isUnchanged({ header }: Call, { etag, lastModified }: ObjectInfo): boolean {
  const seconds = Math.floor(lastModified / 1000) * 1000
  const [match, noneMatch] = [header('if-match'), header('if-none-match')]
  const since = Date.parse(header('if-modified-since') ?? '')
  const unmodifiedSince = Date.parse(header('if-unmodified-since') ?? '')
  if (match === undefined ? seconds > unmodifiedSince : !names(match, etag)) {
    throw new S3Error('PreconditionFailed', 'The object is not the one that the condition names.')
  }
  return noneMatch === undefined ? seconds <= since : names(noneMatch, etag)
}

const names = (list: string, etag: string): boolean =>
  list.split(',').some((tag) => [etag, `W/${etag}`, '*'].includes(tag.trim()))

/** `undefined`: the complete object, also for invalid or several ranges, as in S3. @throws {S3Error} InvalidRange */
function rangeOf({ header }: Call, { bytes, etag }: ObjectInfo): { start: number; end: number } | undefined {
  if ((header('if-range') ?? etag) !== etag) return undefined
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header('range') ?? '') ?? []
  if (first === undefined || last === undefined || first + last === '') return undefined
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1)
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  if (start >= bytes) {
    throw new S3Error('InvalidRange', 'The range is not within the object.', {
      'content-range': `bytes */${bytes}`,
    })
  }
  return { start, end }
}
