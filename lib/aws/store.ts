// Implements the port Store on one S3 bucket.

import { Readable } from 'node:stream'
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { isSha256 } from '../model/digest.ts'
import { ProbeError, unless } from '../model/errors.ts'
import { joined } from '../model/joined.ts'
import type { ObjectMeta, Store } from '../model/ports.ts'
import { tooLarge } from './too-large.ts'

/** If two callers create the same object at once, S3 may ask them to try again (409). */
const TRIES = 5

export function createStore(client: S3Client, bucket: string): Store {
  const put = (key: string, body: Uint8Array, { contentType, sha256 }: ObjectMeta) =>
    client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentType: contentType,
        ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
        Metadata: { sha256 },
        // Never replaces an object. The functions' permissions require this header, too: cdk/buckets.ts.
        IfNoneMatch: '*',
      }),
    )
  const head = (key: string) =>
    unless(isAbsent, client.send(new HeadObjectCommand({ Bucket: bucket, Key: key })))
  return {
    size: async (key) => (await head(key))?.ContentLength,
    async stat(key) {
      const { ContentLength: bytes, Metadata } = (await head(key)) ?? {}
      const sha256 = Metadata?.sha256 ?? ''
      return bytes === undefined || !isSha256(sha256) ? undefined : { sha256, bytes }
    },
    async get(key, maxBytes) {
      const found = await unless(isAbsent, client.send(new GetObjectCommand({ Bucket: bucket, Key: key })))
      return found && readBounded(key, found, maxBytes)
    },
    async create(key, body, meta) {
      for (let tries = TRIES; ; tries -= 1) {
        try {
          await put(key, body, meta)
          return 'created'
        } catch (error) {
          if (statusOf(error) === 412) return 'exists'
          if (statusOf(error) !== 409 || tries === 1) throw error
        }
      }
    },
  }
}

/** Checks the declared length, then counts the bytes. Destroys an unread stream, because it would keep its connection busy. */
async function readBounded(
  key: string,
  { Body, ContentLength = 0 }: Pick<GetObjectCommandOutput, 'Body' | 'ContentLength'>,
  maxBytes: number,
): Promise<Uint8Array> {
  if (!(Body instanceof Readable))
    throw new ProbeError('misconfigured', `object ${key} came without a stream`)
  if (ContentLength <= maxBytes) return joined(Body, maxBytes, () => tooLarge(key, maxBytes))
  Body.destroy()
  throw tooLarge(key, maxBytes)
}

const statusOf = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined

const isAbsent = (error: unknown): boolean => statusOf(error) === 404
