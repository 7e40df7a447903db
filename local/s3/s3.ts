// S3 on one machine: verifies and authorizes requests for three operations.

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cache, Cached } from '../caches.ts'
import { type Faults, NO_FAULTS } from '../faults.ts'
import type { Context } from '../iam/policy.ts'
import { verifyRequest } from '../iam/sigv4.ts'
import type { Clock, Principals, Service } from '../wire/types.ts'
import { type Call, callOf } from './call.ts'
import { S3Error, s3ErrorOf, sendError } from './errors.ts'
import { getObject } from './get.ts'
import { type Expiration, expireObjects } from './lifecycle.ts'
import { type Objects, openObjects } from './objects.ts'
import { putObject } from './put.ts'

interface S3Options {
  /** belongs to this service only, and to one process at a time */
  readonly dir: string
  readonly buckets: readonly string[]
  /** folder of each bucket that is not below `dir` */
  readonly shared?: Readonly<Record<string, string>>
  /** path before the bucket, e.g. `/s3`; clients sign it */
  readonly prefix: string
  readonly principals: Principals
  readonly now: Clock
  /** default: none */
  readonly faults?: Pick<Faults, 'strikes'>
  readonly expirations?: readonly Expiration[]
  /** buckets whose least recently used objects may be deleted */
  readonly cached?: readonly string[]
  /** called for each error that the response reports as `InternalError` */
  readonly onError?: (error: unknown) => void
}

export interface S3 {
  /** Path-style endpoint, `${prefix}/{bucket}/{key}`. Never rejects. */
  readonly service: Service
  /** Deletes expired objects, and returns their number. */
  expire(): Promise<number>
  /** The objects of a bucket that can be fetched or made again. */
  cache(bucket: string, keys: RegExp): Cache
}

/** Creates `dir` and the buckets' folders. */
export function createS3(options: S3Options): S3 {
  const { dir, buckets, prefix, principals, now, onError, expirations = [], faults = NO_FAULTS } = options
  for (const bucket of buckets) checkBucketName(bucket)
  const objects = openObjects(dir, buckets, { shared: options.shared, used: options.cached })
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = request
    const verified = verifyRequest({ method, url, headers }, { principals, now, service: 's3' })
    const call = callOf(prefix, verified, request, response)
    if (!buckets.includes(call.bucket)) throw new S3Error('NoSuchBucket', 'There is no such bucket.')
    authorize(call)
    strike(call, faults)
    if (call.operation === 'PutObject') await putObject(call, objects, now)
    else await getObject(call, objects, () => missing(call))
  }
  return {
    service: async (request, response) => {
      response.setHeader('x-amz-request-id', randomUUID())
      await serve(request, response).catch((error: unknown) => refuse(response, error, onError))
    },
    expire: () => expireObjects(objects, expirations, now()),
    cache: (bucket, keys) => ({ dir, list: () => cachedObjects(objects, bucket, keys) }),
  }
}

async function* cachedObjects(objects: Objects, bucket: string, keys: RegExp): AsyncGenerator<Cached> {
  for await (const object of objects.list(bucket)) {
    const { key, bytes, usedAt } = object
    if (keys.test(key)) yield { bytes, usedAt, remove: () => objects.deleteUnused(bucket, object) }
  }
}

/** S3's own rules, which also make the name a plain folder name. */
function checkBucketName(bucket: string): void {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) || bucket.includes('..')) {
    throw new Error(`${JSON.stringify(bucket)} is not a bucket name`)
  }
}

/**
 * 503 if requests come too fast: https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html.
 * 409 if another request changes the key between the condition and the write:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html. Clients should retry both.
 */
function strike({ operation, header }: Call, faults: Pick<Faults, 'strikes'>): void {
  if (faults.strikes('s3-slow-down')) throw new S3Error('SlowDown', 'Please reduce your request rate.')
  const isConditional = operation === 'PutObject' && header('if-none-match') !== undefined
  if (isConditional && faults.strikes('s3-conflict'))
    throw new S3Error(
      'ConditionalRequestConflict',
      'The conditional request cannot succeed due to a conflicting operation against this resource.',
    )
}

/** Connections here use loopback, which counts as TLS. */
const CONTEXT = { 'aws:SecureTransport': 'true' }

function authorize(call: Call): void {
  const { operation, principal, bucket, key } = call
  const action = operation === 'PutObject' ? 's3:PutObject' : 's3:GetObject'
  const resource = `${bucketArn(bucket)}/${key}`
  if (principal.may(action, resource, contextOf(call))) return
  throw new S3Error('AccessDenied', `${principal.name} may not ${action} on ${resource}`)
}

/** The condition keys that this request sets. */
function contextOf({ operation, header }: Call): Context {
  const ifNoneMatch = operation === 'PutObject' ? header('if-none-match') : undefined
  return ifNoneMatch === undefined ? CONTEXT : { ...CONTEXT, 's3:if-none-match': ifNoneMatch }
}

const bucketArn = (bucket: string): string => `arn:aws:s3:::${bucket}`

/** As in S3, a client without the permission to list a bucket does not learn whether the key exists. */
function missing({ principal, bucket }: Call): S3Error {
  const arn = bucketArn(bucket)
  if (principal.may('s3:ListBucket', arn, CONTEXT)) return new S3Error('NoSuchKey', 'There is no such key.')
  return new S3Error('AccessDenied', `${principal.name} may not s3:ListBucket on ${arn}`)
}

function refuse(response: ServerResponse, error: unknown, onError: S3Options['onError']): void {
  const answer = s3ErrorOf(error)
  const gone = response.req.errored !== null || response.destroyed
  if (answer.code === 'InternalError' && !gone) onError?.(error)
  if (gone || response.headersSent) response.destroy()
  else sendError(response, answer)
}
