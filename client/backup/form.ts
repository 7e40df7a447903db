// Defines the backup format: a tar archive of files with mode 0600. The first file is the header, the last
// one lists the sha256 of each file in the format of sha256sum. The contents decide every byte of the
// archive, so any change is detected.

import * as z from 'zod'
import type { Read } from '../../lib/model/parse.ts'

/** Format version. Increase it for a change that older software cannot read. */
export const FORM = 2
export const HEADER = 'backup.json'
export const SUMS = 'SHA256SUMS'
export const MODE = 0o600

const MEGABYTE = 1024 * 1024

/** Allowed paths, and the maximum bytes of each. These patterns allow no path outside the folder. */
const KINDS = [
  { path: /^tables\/(?:probes|sources)\/[0-9]{6}\.json$/, most: 16 * MEGABYTE },
  { path: /^objects\/(?:artifacts|inputs)\/[0-9a-f]{64}$/, most: 1024 * MEGABYTE },
  // A message of SQS has at most 1 MB; JSON needs up to six bytes for a character.
  { path: /^queues\/failed-events\/[0-9]{15}-[0-9a-f-]{36}\.json$/, most: 16 * MEGABYTE },
  { path: /^secrets\/[0-9a-f]{16}\.json$/, most: MEGABYTE },
  { path: /^custom-resources\/[A-Za-z0-9]{1,128}\.json$/, most: MEGABYTE },
] as const
export const MOST_HEADER = MEGABYTE
export const MOST_SUMS = 256 * MEGABYTE

/** Maximum bytes of a file with that path. `undefined`: an archive contains no such file. */
export const mostOf = (path: string): number | undefined => KINDS.find((kind) => kind.path.test(path))?.most

/** Physical names, as they are in the data folder. */
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

/** The beginning of the header in every format, so that a newer format is not mistaken for a broken one. */
export const formSchema = z.object({ backup: z.literal('probe-registry'), form: z.int().positive() })

export const headerSchema = formSchema.extend({
  /** format of the data folder: local/start/data-folder.ts */
  dataForm: z.int().nonnegative(),
  /** only for readers; no program uses it */
  madeAt: z.string(),
  buckets: z.object({ artifacts: bucketName, inputs: bucketName }),
  tables: z.object({ probes: tableSchema, sources: tableSchema }),
  /** name of the queue of failed events; absent in format 1 */
  failedEvents: queueName.optional(),
})
export type Header = Read<typeof headerSchema>

export const sumLine = (sha256: string, path: string): string => `${sha256}  ${path}\n`
