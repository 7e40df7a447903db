import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import {
  Bucket,
  clientOf,
  failed,
  type Lab,
  objectsOf,
  sha256,
  startLab,
  useLab,
} from '../../support/local/s3-lab.ts'

let lab: Lab
let s3: S3Client
useLab((started, client) => {
  lab = started
  s3 = client
})

const { put, get } = objectsOf(() => s3)

describe('an object', () => {
  test('is returned unchanged, with its headers and metadata', async () => {
    const meta = {
      ContentType: 'application/x-module',
      CacheControl: 'max-age=9',
      Metadata: { sha256: 'abc', kind: 'k' },
    }
    const { ETag } = await put('whole', 'hello', meta)
    const answer = await get('whole')
    expect(answer).toMatchObject({ ...meta, text: 'hello', ContentLength: 5, ETag, AcceptRanges: 'bytes' })
    expect(ETag).toBe('"5d41402abc4b2a76b9719d911017c592"')
    expect(Math.abs(Date.now() - Number(answer.LastModified))).toBeLessThan(60_000)
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'whole' }))
    expect(head).toMatchObject({ ...meta, ContentLength: 5, ETag })
  })

  test('may be empty', async () => {
    await put('empty', '')
    expect(await get('empty')).toMatchObject({ text: '', ContentLength: 0 })
  })

  test('is replaced together with its metadata', async () => {
    await put('again', 'a long first body', { Metadata: { a: '1' } })
    await put('again', 'second')
    expect(await get('again')).toMatchObject({ text: 'second', Metadata: {} })
  })

  test('is returned with its checksum on request, but not for a range', async () => {
    const ChecksumSHA256 = sha256('hello').digest('base64')
    expect(await put('summed', 'hello', { ChecksumSHA256 })).toMatchObject({ ChecksumSHA256 })
    expect(await get('summed', { ChecksumMode: 'ENABLED' })).toMatchObject({ ChecksumSHA256, text: 'hello' })
    const Range = 'bytes=1-2'
    expect(await get('summed', { ChecksumMode: 'ENABLED', Range })).toMatchObject({ text: 'el' })
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'summed' }))
    expect(head.ChecksumSHA256).toBeUndefined()
  })

  test('is refused if its body does not match its checksum', async () => {
    const wrong = sha256('other').digest('base64')
    await expect(put('bad', 'hello', { ChecksumSHA256: wrong })).rejects.toMatchObject(
      failed('BadDigest', 400),
    )
    await expect(put('bad', 'hello', { ChecksumCRC32: 'AAAAAA==' })).rejects.toMatchObject(
      failed('BadDigest', 400),
    )
    await expect(put('bad', 'hello', { ContentMD5: wrong })).rejects.toMatchObject(failed('BadDigest', 400))
    await expect(get('bad')).rejects.toMatchObject(failed('NoSuchKey', 404))
  })

  test('survives a restart', async () => {
    await put('kept', 'kept')
    const second = await startLab({ dir: lab.dir })
    const client = clientOf(second)
    expect((await get('kept', {}, client)).text).toBe('kept')
    client.destroy()
    await second.stop()
  })
})

describe('a conditional request', () => {
  test('creates one object, even if 20 clients create it at the same time', async () => {
    const bodies = Array.from({ length: 20 }, (_, i) => `body ${i}`.repeat(1000 + i))
    const results = await Promise.allSettled(bodies.map((body) => put('race', body, { IfNoneMatch: '*' })))
    const winners = results.flatMap(({ status }, i) => (status === 'fulfilled' ? [bodies[i]] : []))
    expect(winners).toEqual([(await get('race')).text])
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject(failed('PreconditionFailed', 412))
    }
    expect(await readdir(join(lab.dir, '.incoming'))).toEqual([])
  })

  test('compares tags and dates', async () => {
    const { ETag } = await put('tagged')
    const code = (status: number) => ({ $metadata: expect.objectContaining({ httpStatusCode: status }) })
    await expect(get('tagged', { IfNoneMatch: ETag })).rejects.toMatchObject(code(304))
    await expect(get('tagged', { IfMatch: '"other"' })).rejects.toMatchObject(code(412))
    await expect(get('tagged', { IfUnmodifiedSince: new Date(0) })).rejects.toMatchObject(code(412))
    await expect(get('tagged', { IfModifiedSince: new Date(Date.now() + 1000) })).rejects.toMatchObject(
      code(304),
    )
    expect(
      (await get('tagged', { IfMatch: ETag, IfNoneMatch: '"other"', IfModifiedSince: new Date(0) })).text,
    ).toBe('body')
  })

  test('with an unsupported condition is refused', async () => {
    await expect(put('tagged', 'x', { IfMatch: '"a"' })).rejects.toMatchObject(failed('NotImplemented', 501))
    await expect(put('tagged', 'x', { IfNoneMatch: '"a"' })).rejects.toMatchObject(
      failed('NotImplemented', 501),
    )
  })
})

describe('a range', () => {
  test.each([
    ['bytes=0-0', '0', 'bytes 0-0/10'],
    ['bytes=3-', '3456789', 'bytes 3-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=-99', '0123456789', 'bytes 0-9/10'],
    ['bytes=8-99', '89', 'bytes 8-9/10'],
  ])('%s returns that part', async (Range, text, ContentRange) => {
    await put('digits', '0123456789')
    const answer = await get('digits', { Range })
    expect(answer).toMatchObject({ text, ContentRange, ContentLength: text.length })
    expect(answer.$metadata.httpStatusCode).toBe(206)
  })

  test.each(['bytes=5-3', 'bytes=-', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=x'])(
    '%s returns the complete object',
    async (Range) => {
      await put('digits', '0123456789')
      expect(await get('digits', { Range })).toMatchObject({ text: '0123456789' })
    },
  )

  test.each(['bytes=10-', 'bytes=99-100', 'bytes=-0'])(
    '%s is refused for an object of ten bytes',
    async (Range) => {
      await put('digits', '0123456789')
      await expect(get('digits', { Range })).rejects.toMatchObject(failed('InvalidRange', 416))
    },
  )

  test('is refused for an empty object', async () => {
    await put('empty', '')
    await expect(get('empty', { Range: 'bytes=0-' })).rejects.toMatchObject(failed('InvalidRange', 416))
  })
})
