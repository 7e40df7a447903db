// One S3 bucket as a Store.

import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { ProbeError } from '../errors.ts'
import type { ObjectMeta, Store } from '../ports.ts'

/** Two creators at the same moment: S3 asks both to try again. */
const TRIES = 5

export function createStore(client: S3Client, bucket: string): Store {
  const put = (
    key: string,
    body: Uint8Array,
    { contentType, sha256 }: ObjectMeta,
    condition: { IfNoneMatch?: '*' },
  ) =>
    client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentType: contentType,
        ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
        Metadata: { sha256 },
        ...condition,
      }),
    )
  return {
    async has(key) {
      try {
        await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
        return true
      } catch (error) {
        if (statusOf(error) === 404) return false
        throw error
      }
    },
    async get(key, maxBytes) {
      try {
        const { Body, ContentLength = 0 } = await client.send(
          new GetObjectCommand({ Bucket: bucket, Key: key }),
        )
        if (ContentLength > maxBytes) {
          // Unread, the connection would stay busy until the garbage collector finds it.
          if (Body !== undefined && 'destroy' in Body) Body.destroy()
          throw new ProbeError(
            'too-large',
            `object ${key} has ${ContentLength} bytes; ${maxBytes} are allowed`,
          )
        }
        return await Body?.transformToByteArray()
      } catch (error) {
        if (statusOf(error) === 404) return undefined
        throw error
      }
    },
    async create(key, body, meta) {
      for (let tries = TRIES; ; tries -= 1) {
        try {
          await put(key, body, meta, { IfNoneMatch: '*' })
          return 'created'
        } catch (error) {
          if (statusOf(error) === 412) return 'exists'
          if (statusOf(error) !== 409 || tries === 1) throw error
        }
      }
    },
    async replace(key, body, meta) {
      await put(key, body, meta, {})
    },
  }
}

const statusOf = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined
