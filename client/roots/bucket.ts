// The bucket of roots of this machine's registries, from outside of one: for who composes a root before one runs.

import { createHash } from 'node:crypto'
import { ProbeError } from '../../lib/model/errors.ts'
import type { Store } from '../../lib/model/ports.ts'
import { openObjects, wholeObject } from '../../local/s3/objects.ts'

/** A bucket's name is of no meaning within its own folder. */
const BUCKET = 'roots'

/** `folder`: of the bucket's objects. Several processes may have it: what is created is whole, or not there. */
export function rootBucket(folder: string): Pick<Store, 'get' | 'create'> {
  const objects = openObjects(folder, [], { [BUCKET]: folder })
  return {
    get: async (key, maxBytes) => {
      const body = await wholeObject(objects, BUCKET, key)
      if (body === undefined || body.length <= maxBytes) return body
      throw new ProbeError('too-large', `${key} has ${body.length} bytes`)
    },
    create: async (key, body, { contentType }) => {
      const etag = `"${createHash('md5').update(body).digest('hex')}"`
      const headers = { 'content-type': contentType }
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
