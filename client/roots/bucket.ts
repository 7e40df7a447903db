// Opens a bucket of the local S3 from outside a registry: the bucket of roots before a registry runs, or the
// buckets of a build without a registry.

import { createHash } from 'node:crypto'
import { isSha256, sha256 } from '../../lib/model/digest.ts'
import { ProbeError } from '../../lib/model/errors.ts'
import type { Store } from '../../lib/model/ports.ts'
import { openObjects, wholeObject } from '../../local/s3/objects.ts'

/** The folder contains only one bucket, so its name does not matter. */
const BUCKET = 'bucket'
/** S3's name of that metadata. */
const SHA256 = 'x-amz-meta-sha256'

/** `folder`: of the bucket's objects. Several processes may use it; each object is created atomically. */
export function bucketStore(folder: string): Store {
  const objects = openObjects(folder, [], { shared: { [BUCKET]: folder }, used: [BUCKET] })
  const size = async (key: string): Promise<number | undefined> => {
    const found = await objects.open(BUCKET, key)
    await found?.file.close()
    return found?.info.bytes
  }
  return {
    size,
    stat: async (key) => {
      const found = await objects.open(BUCKET, key)
      await found?.file.close()
      const digest = found?.info.headers[SHA256] ?? ''
      return found === undefined || !isSha256(digest)
        ? undefined
        : { sha256: digest, bytes: found.info.bytes }
    },
    get: async (key, maxBytes) => {
      const bytes = await size(key)
      if (bytes !== undefined && bytes > maxBytes)
        throw new ProbeError('too-large', `${key} has ${bytes} bytes`)
      return wholeObject(objects, BUCKET, key)
    },
    create: async (key, body, { contentType, sha256: digest }) => {
      if (sha256(body) !== digest) throw new Error(`${key} does not have its sha256`)
      const etag = `"${createHash('md5').update(body).digest('hex')}"`
      const headers = { 'content-type': contentType, [SHA256]: digest }
      const info = { key, bytes: body.length, etag, lastModified: Date.now(), headers, checksums: {} }
      const stored = await objects.put({
        bucket: BUCKET,
        key,
        body: once(body),
        info: () => info,
        ifAbsent: true,
      })
      return stored === 'stored' ? 'created' : 'exists'
    },
  }
}

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body
}
