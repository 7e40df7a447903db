// The lifecycle rules of buckets: what is older than their days is deleted.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html

import type { Resource } from '../template/template.ts'
import { list, number, object, string } from '../wire/json.ts'
import type { Objects } from './objects.ts'

export interface Expiration {
  readonly bucket: string
  /** what the keys begin with that are meant */
  readonly prefix: string
  /** days after its creation that an object is deleted */
  readonly days: number
}

const DAY = 86_400_000
/** There is one version of an object here, and no upload in parts. */
const OF_NOTHING_HERE = ['AbortIncompleteMultipartUpload', 'NoncurrentVersionExpiration']
const KNOWN = ['ExpirationInDays', 'Id', 'Prefix', 'Status', ...OF_NOTHING_HERE]

/** Error for a rule with what is not known here. */
export function expirationsOf(buckets: readonly Resource[]): Expiration[] {
  return buckets.flatMap(({ name, logicalId, properties }) => {
    const configuration = object(properties.LifecycleConfiguration ?? {}, logicalId)
    return list(configuration.Rules ?? [], logicalId).flatMap((entry) => {
      const rule = object(entry, logicalId)
      const unknown = Object.keys(rule).filter((member) => !KNOWN.includes(member))
      if (unknown.length > 0)
        throw new Error(`${logicalId}: ${unknown.join(', ')} of a lifecycle rule is not known here`)
      if (rule.Status !== 'Enabled' || rule.ExpirationInDays === undefined) return []
      const prefix = string(rule.Prefix ?? '', logicalId)
      return [{ bucket: name, prefix, days: number(rule.ExpirationInDays, logicalId) }]
    })
  })
}

/** A crash leaves some of it, which the next time deletes. What cannot be read stays. Resolves to the number of objects. */
export async function expireObjects(
  objects: Pick<Objects, 'list' | 'delete'>,
  expirations: readonly Expiration[],
  now: number,
): Promise<number> {
  let deleted = 0
  for (const { bucket, prefix, days } of expirations)
    for await (const { key, lastModified } of objects.list(bucket)) {
      if (!key.startsWith(prefix) || lastModified + days * DAY > now) continue
      await objects.delete(bucket, key)
      deleted += 1
    }
  return deleted
}
