// The form of a backup: a tar archive of files of 0600, first what it is, last the sha256 of each, as sha256sum writes them.
// Every byte of it is decided by what its files hold, so none can be changed without being seen.

import * as z from 'zod'
import type { Read } from '../../lib/model/parse.ts'

/** A change that older software cannot read counts one up. */
export const FORM = 2
export const HEADER = 'backup.json'
export const SUMS = 'SHA256SUMS'
export const MODE = 0o600

const MEGABYTE = 1024 * 1024

/** What an archive may hold, and bytes of each. No path of it can lead anywhere: they are all of this grammar. */
const KINDS = [
  { path: /^tables\/(?:probes|sources)\/[0-9]{6}\.json$/, most: 16 * MEGABYTE },
  { path: /^objects\/(?:artifacts|inputs)\/[0-9a-f]{64}$/, most: 1024 * MEGABYTE },
  // A message of SQS has 1 MB at most, of which as JSON each character may have six.
  { path: /^queues\/failed-events\/[0-9]{15}-[0-9a-f-]{36}\.json$/, most: 16 * MEGABYTE },
  { path: /^secrets\/[0-9a-f]{16}\.json$/, most: MEGABYTE },
  { path: /^custom-resources\/[A-Za-z0-9]{1,128}\.json$/, most: MEGABYTE },
] as const
export const MOST_HEADER = MEGABYTE
export const MOST_SUMS = 256 * MEGABYTE

/** Bytes that a file of that path may have; `undefined`: an archive holds no such file. */
export const mostOf = (path: string): number | undefined => KINDS.find((kind) => kind.path.test(path))?.most

/** Physical names, as they stand in the folder of data. */
const bucketName = z.string().regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/)
const queueName = z.string().regex(/^[A-Za-z0-9_-]{1,80}$/)
const tableName = z.string().regex(/^[A-Za-z0-9_-]{3,255}$/)
const keys = z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }))
const tableSchema = z.object({
  TableName: tableName,
  KeySchema: keys,
  AttributeDefinitions: z.array(
    z.object({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) }),
  ),
  GlobalSecondaryIndexes: z
    .array(
      z.object({
        IndexName: z.string(),
        KeySchema: keys,
        Projection: z.object({
          ProjectionType: z.string(),
          NonKeyAttributes: z.array(z.string()).optional(),
        }),
      }),
    )
    .optional(),
})
export type TableDescription = Read<typeof tableSchema>

/** What stands first in every form, so that a newer one can be told from a broken one. */
export const formSchema = z.object({ backup: z.literal('probe-registry'), form: z.int().positive() })

export const headerSchema = formSchema.extend({
  /** of the folder of data: local/start/data-folder.ts */
  dataForm: z.int().nonnegative(),
  /** for a person */
  madeAt: z.string(),
  buckets: z.object({ artifacts: bucketName, inputs: bucketName }),
  tables: z.object({ probes: tableSchema, sources: tableSchema }),
  /** the queue of failed events; form 1 has none of it */
  failedEvents: queueName.optional(),
})
export type Header = Read<typeof headerSchema>

/** One line of the sums. */
export const sumLine = (sha256: string, path: string): string => `${sha256}  ${path}\n`
