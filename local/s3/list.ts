// ListObjectsV2: keys in the order of their bytes, a page at a time.

import type { Call } from './call.ts'
import { S3Error } from './errors.ts'
import type { ObjectInfo, Objects } from './objects.ts'
import { documentOf, element } from './xml.ts'

const MAX_PAGE = 1000

export async function listObjects(call: Call, objects: Objects): Promise<void> {
  const prefix = call.parameter('prefix') ?? ''
  const size = pageSize(call.parameter('max-keys'))
  const found = await keysAfter(objects.list(call.bucket), prefix, startOf(call))
  const page = found.slice(0, size)
  const last = page.at(-1)
  const next =
    last !== undefined && found.length > page.length
      ? [element('NextContinuationToken', tokenOf(last.key))]
      : []
  const result = element(
    'ListBucketResult',
    element('Name', call.bucket),
    element('Prefix', prefix),
    element('KeyCount', page.length),
    element('MaxKeys', size),
    element('IsTruncated', next.length > 0),
    ...next,
    ...page.map(contents),
  )
  const body = documentOf(result)
  const headers = { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body) }
  call.response.writeHead(200, headers).end(body)
}

const contents = ({ key, lastModified, etag, bytes }: ObjectInfo) =>
  element(
    'Contents',
    element('Key', key),
    element('LastModified', new Date(lastModified).toISOString()),
    element('ETag', etag),
    element('Size', bytes),
    element('StorageClass', 'STANDARD'),
  )

async function keysAfter(
  all: AsyncIterable<ObjectInfo>,
  prefix: string,
  after: string,
): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = []
  for await (const info of all) {
    if (info.key.startsWith(prefix) && byBytes(info.key, after) > 0) found.push(info)
  }
  return found.sort((a, b) => byBytes(a.key, b.key))
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

function pageSize(text: string | undefined): number {
  if (text === undefined) return MAX_PAGE
  if (!/^\d{1,9}$/.test(text)) throw new S3Error('InvalidArgument', 'max-keys is no number.')
  return Math.min(Number(text), MAX_PAGE)
}

/** A token is the last key of the page before it; it begins with a letter, so it is never empty. */
const tokenOf = (key: string): string => `k${Buffer.from(key).toString('base64url')}`

function startOf({ parameter }: Call): string {
  const token = parameter('continuation-token')
  if (token === undefined) return parameter('start-after') ?? ''
  const key = Buffer.from(token.slice(1), 'base64url').toString()
  if (tokenOf(key) !== token)
    throw new S3Error('InvalidArgument', 'The continuation token is not one of ours.')
  return key
}
