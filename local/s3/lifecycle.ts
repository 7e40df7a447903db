// Lifecycle rules of buckets: delete objects that are older than a number of days.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html

import type { Resource } from '../template/template.ts'
import { list, number, object, string } from '../wire/json.ts'
import type { Objects } from './objects.ts'

export interface Expiration {
  readonly bucket: string
  /** beginning of the keys that the rule applies to */
  readonly prefix: string
  /** days between an object's creation and its deletion */
  readonly days: number
}

const DAY = 86_400_000
/** Here an object has only one version, and there are no multipart uploads. */
const OF_NOTHING_HERE = ['AbortIncompleteMultipartUpload', 'NoncurrentVersionExpiration']
const KNOWN = ['ExpirationInDays', 'Id', 'Prefix', 'Status', ...OF_NOTHING_HERE]

/** Throws if a rule has an element that is unknown here. */
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

/** Returns the number of deleted objects. After a crash, the next call deletes the rest. Unreadable objects stay. */
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
