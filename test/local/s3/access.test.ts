import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Bucket,
  CREATOR,
  clientOf,
  codeIn,
  curl,
  failed,
  type Lab,
  NOBODY,
  objectsOf,
  presign,
  sha256,
  useLab,
  WORKER,
} from '../../support/local/s3-lab.ts'

let lab: Lab
let s3: S3Client
useLab((started, client) => {
  lab = started
  s3 = client
})

const { put, get } = objectsOf(() => s3)

describe('a principal', () => {
  test('is denied every operation that it was not granted', async () => {
    await put('granted')
    const nobody = clientOf(lab, NOBODY)
    const denied = failed('AccessDenied', 403)
    await expect(get('granted', {}, nobody)).rejects.toMatchObject(denied)
    await expect(put('granted', 'x', {}, nobody)).rejects.toMatchObject(denied)
    await expect(nobody.send(new HeadObjectCommand({ Bucket, Key: 'granted' }))).rejects.toMatchObject({
      $metadata: expect.objectContaining({ httpStatusCode: 403 }),
    })
    nobody.destroy()
    expect((await get('granted')).text).toBe('body')
  })

  test('without permission to list a bucket gets AccessDenied for a missing key', async () => {
    const worker = clientOf(lab, WORKER)
    await expect(get('never', {}, worker)).rejects.toMatchObject(failed('AccessDenied', 403))
    await expect(get('never')).rejects.toMatchObject(failed('NoSuchKey', 404))
    worker.destroy()
  })

  test('with permission only to create is denied every request that could replace an object', async () => {
    const creator = clientOf(lab, CREATOR)
    await expect(put('created', 'x', {}, creator)).rejects.toMatchObject(failed('AccessDenied', 403))
    await put('created', 'first', { IfNoneMatch: '*' }, creator)
    const again = put('created', 'second', { IfNoneMatch: '*' }, creator)
    await expect(again).rejects.toMatchObject(failed('PreconditionFailed', 412))
    creator.destroy()
    // The holder of a presigned URL sends the header. The signature need not cover it.
    const to = await presign(lab.port, '/s3/artifacts/created-by-curl', { method: 'PUT', who: CREATOR })
    const sent = ['-X', 'PUT', '--data-binary', 'x', to]
    expect(codeIn((await curl(...sent)).body)).toBe('AccessDenied')
    expect((await curl('-H', 'If-None-Match: *', ...sent)).status).toBe(200)
    expect((await curl('-H', 'If-None-Match: *', ...sent)).status).toBe(412)
    expect((await get('created')).text).toBe('first')
  })

  test('without a signature is denied', async () => {
    await put('granted')
    const { status, body } = await curl(`${lab.origin}/s3/artifacts/granted`)
    expect([status, codeIn(body)]).toEqual([403, 'AccessDenied'])
  })
})

describe('a presigned URL', () => {
  const KEY = 'driver/0.1.1dev+git~a=b c/é%2B.ko'

  test('works with plain curl, even for a key with special characters', async () => {
    const to = await presign(lab.port, `/s3/artifacts/${KEY}`, { method: 'PUT', who: WORKER })
    expect((await curl('-X', 'PUT', '--data-binary', 'from curl', to)).status).toBe(200)
    const from = await presign(lab.port, `/s3/artifacts/${KEY}`, { who: WORKER })
    expect(await curl('-f', from)).toEqual({ status: 200, body: 'from curl' })
    expect((await get(KEY)).text).toBe('from curl')
    // This is large enough that curl first sends Expect: 100-continue.
    const file = join(lab.dir, 'upload')
    await writeFile(file, 'x'.repeat(3_000_000))
    expect((await curl('-T', file, to)).status).toBe(200)
    await rm(file)
    expect((await get(KEY)).text).toBe('x'.repeat(3_000_000))
  })

  test('works with an Authorization header for the registry, which Go clients forward', async () => {
    await put('behind-a-proxy')
    const url = await presign(lab.port, '/s3/artifacts/behind-a-proxy')
    for (const value of ['Bearer token', 'Basic eDp5'])
      expect(await curl('-f', '-H', `Authorization: ${value}`, url)).toEqual({ status: 200, body: 'body' })
    const { status, body } = await curl('-H', 'Authorization: AWS4-HMAC-SHA256 x', url)
    expect([status, codeIn(body)]).toEqual([400, 'InvalidRequest'])
  })

  test('sets the file name, the type and the caching of the answer', async () => {
    await put('named')
    const query = {
      'response-content-disposition': 'attachment; filename="falco_debian_6.1.ko"',
      'response-content-type': 'application/octet-stream',
      'response-cache-control': 'no-store',
    }
    const { body } = await curl('-i', await presign(lab.port, '/s3/artifacts/named', { query }))
    expect(body).toContain(`content-disposition: ${query['response-content-disposition']}\r\n`)
    expect(body).toContain('content-type: application/octet-stream\r\n')
    expect(body).toContain('cache-control: no-store\r\n')
  })

  test('cannot inject a header', async () => {
    await put('named')
    const query = { 'response-content-type': 'a\r\nset-cookie: b' }
    const { status, body } = await curl('-i', await presign(lab.port, '/s3/artifacts/named', { query }))
    expect([status, codeIn(body)]).toEqual([400, 'InvalidArgument'])
    expect(body).not.toContain('set-cookie')
    const headers = { 'x-amz-meta-a': 'a\r\nb' }
    const to = await presign(lab.port, '/s3/artifacts/smuggled', { method: 'PUT', headers })
    expect((await curl('-X', 'PUT', '--data-binary', 'x', to)).status).toBe(400)
  })

  test('accepts only a body with the signed checksum', async () => {
    const headers = { 'x-amz-checksum-sha256': sha256('right').digest('base64') }
    const to = await presign(lab.port, '/s3/artifacts/held', { method: 'PUT', headers })
    expect(codeIn((await curl('-X', 'PUT', '--data-binary', 'wrong', to)).body)).toBe('BadDigest')
    expect((await curl('-X', 'PUT', '--data-binary', 'right', to)).status).toBe(200)
  })

  test('is valid only for its method, its key, its query, and its time', async () => {
    await put('one')
    await put('two')
    const url = await presign(lab.port, '/s3/artifacts/one')
    const code = async (...args: string[]) => codeIn((await curl(...args)).body)
    expect(await code('-X', 'DELETE', url)).toBe('SignatureDoesNotMatch')
    expect(await code('-X', 'PUT', '-d', 'x', url)).toBe('SignatureDoesNotMatch')
    expect(await code(url.replace('/one', '/two'))).toBe('SignatureDoesNotMatch')
    expect(await code(url.replace('/one', '/./one'))).toBe('SignatureDoesNotMatch')
    expect(await code(`${url}&response-content-type=text/html`)).toBe('SignatureDoesNotMatch')
    expect(await code('-H', 'x-amz-meta-a: b', url)).toBe('AccessDenied')
    expect(await code('-H', 'Host: elsewhere', url)).toBe('SignatureDoesNotMatch')
    const old = await presign(lab.port, '/s3/artifacts/one', { signingDate: new Date(Date.now() - 120_000) })
    expect((await curl(old)).body).toContain('Request has expired')
    expect((await curl(url)).body).toBe('body')
  })

  test('answers HEAD without a body', async () => {
    await put('one')
    const url = await presign(lab.port, '/s3/artifacts/one', { method: 'HEAD' })
    const { status, body } = await curl('-I', url)
    expect(status).toBe(200)
    expect(body).toContain('content-length: 4\r\n')
  })
})

describe('an unsupported request', () => {
  const code = async (path: string, method = 'GET', options: object = {}) => {
    const url = await presign(lab.port, path, { method, ...options })
    const { status, body } = await curl('-X', method, ...(method === 'POST' ? ['-d', ''] : []), url)
    return [status, codeIn(body)]
  }

  test('is refused, and no part of it is ignored', async () => {
    const path = '/s3/artifacts/one'
    expect(await code(path, 'GET', { query: { acl: '' } })).toEqual([501, 'NotImplemented'])
    expect(await code(path, 'PUT', { query: { tagging: '' } })).toEqual([501, 'NotImplemented'])
    expect(await code(path, 'PUT', { headers: { 'x-amz-copy-source': '/a/b' } })).toEqual([
      501,
      'NotImplemented',
    ])
    expect(await code(path, 'PUT', { headers: { 'x-amz-checksum-sha1': 'a' } })).toEqual([
      501,
      'NotImplemented',
    ])
    expect(await code(path, 'GET', { query: { 'x-id': 'PutObject' } })).toEqual([400, 'InvalidArgument'])
    expect(await code(path, 'POST')).toEqual([501, 'NotImplemented'])
    expect(await code(path, 'DELETE')).toEqual([501, 'NotImplemented'])
    expect(await code('/s3/', 'GET')).toEqual([501, 'NotImplemented'])
    expect(await code('/s3/artifacts', 'DELETE')).toEqual([501, 'NotImplemented'])
    expect(await code('/s3/artifacts', 'GET', { query: { 'list-type': '2' } })).toEqual([
      501,
      'NotImplemented',
    ])
    expect(await code('/s3/nothere/a', 'GET')).toEqual([404, 'NoSuchBucket'])
    expect(await code('/s3/../etc/a', 'GET')).toEqual([404, 'NoSuchBucket'])
    expect(await code('/s3/.incoming/a', 'GET')).toEqual([404, 'NoSuchBucket'])
    expect(await code('/other/artifacts/a', 'GET')).toEqual([400, 'InvalidRequest'])
  })
})

describe('a key', () => {
  test('that looks like a path creates no file outside the bucket', async () => {
    const keys = [
      '..',
      '../staging/a',
      '../../../../tmp/s3-escaped',
      '/etc/passwd',
      'a\0b',
      '.',
      'a//b',
      '.incoming/x',
    ]
    for (const key of keys) {
      await put(key, key)
      expect((await get(key)).text).toBe(key)
    }
    const files = await readdir(lab.dir, { recursive: true })
    expect(
      files.filter((file) => !/^(\.incoming|staging(\/\.DS_Store)?|artifacts(\/[0-9a-f]{64})?)$/.test(file)),
    ).toEqual([])
  })

  test('has at most 1024 bytes', async () => {
    await put('é'.repeat(512), 'long')
    expect((await get('é'.repeat(512))).text).toBe('long')
    await expect(put('k'.repeat(1025))).rejects.toMatchObject(failed('KeyTooLongError', 400))
  })

  test('can be any string', async () => {
    const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 })
    const check = async (Key: string) => {
      const to = await presign(lab.port, `/s3/staging/${Key}`, { method: 'PUT' })
      expect((await curl('-X', 'PUT', '--data-binary', 'round', to)).status).toBe(200)
      expect((await get(Key, { Bucket: 'staging' })).text).toBe('round')
    }
    await fc.assert(fc.asyncProperty(key, check), { numRuns: 60 })
  })
})
