// Lists the cached objects: those that can be fetched or made again, in the order in which they are deleted.

import type { Cache } from '../caches.ts'
import type { Resource } from '../template/template.ts'
import type { S3 } from './s3.ts'

interface Kind {
  /** matches the bucket's logical id */
  readonly bucket: RegExp
  readonly keys: RegExp
}

/** Submissions and published objects are never in this list. */
const KINDS: readonly Kind[] = [
  // Output that a build or load test left for others, which took it when they ended.
  { bucket: /^Staging[0-9A-F]{8}$/, keys: /\/(?:boot|prepared)$/ },
  { bucket: /^Inputs[0-9A-F]{8}$/, keys: /^images\// },
  { bucket: /^Inputs[0-9A-F]{8}$/, keys: /^trees\// },
  // Packages, sources, and extracts of package lists.
  { bucket: /^Inputs[0-9A-F]{8}$/, keys: /^(?:sha256|metadata)\// },
]

/** The buckets that record when an object was last read. */
export const cachedBuckets = (buckets: readonly Resource[]): string[] =>
  buckets
    .filter(({ logicalId }) => KINDS.some(({ bucket }) => bucket.test(logicalId)))
    .map(({ name }) => name)

export const cachesOf = (s3: Pick<S3, 'cache'>, buckets: readonly Resource[]): Cache[] =>
  KINDS.flatMap(({ bucket, keys }) =>
    buckets.filter(({ logicalId }) => bucket.test(logicalId)).map(({ name }) => s3.cache(name, keys)),
  )
