// Which objects of the template's buckets can be fetched or made again, by their keys: in the order in which they go.

import type { Cache } from '../caches.ts'
import type { Resource } from '../template/template.ts'
import type { S3 } from './s3.ts'

interface Kind {
  /** of the bucket's logical id */
  readonly bucket: RegExp
  readonly keys: RegExp
}

/** What hosts submitted is none of them, and what is published. */
const KINDS: readonly Kind[] = [
  // What builds and load tests left for others, who took it when they ended.
  { bucket: /^Staging[0-9A-F]{8}$/, keys: /\/(?:boot|prepared)$/ },
  { bucket: /^Inputs[0-9A-F]{8}$/, keys: /^images\// },
  { bucket: /^Inputs[0-9A-F]{8}$/, keys: /^trees\// },
  // Packages, sources, and what was read of lists.
  { bucket: /^Inputs[0-9A-F]{8}$/, keys: /^(?:sha256|metadata)\// },
]

/** The buckets, whose use is told. */
export const cachedBuckets = (buckets: readonly Resource[]): string[] =>
  buckets
    .filter(({ logicalId }) => KINDS.some(({ bucket }) => bucket.test(logicalId)))
    .map(({ name }) => name)

export const cachesOf = (s3: Pick<S3, 'cache'>, buckets: readonly Resource[]): Cache[] =>
  KINDS.flatMap(({ bucket, keys }) =>
    buckets.filter(({ logicalId }) => bucket.test(logicalId)).map(({ name }) => s3.cache(name, keys)),
  )
