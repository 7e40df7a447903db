import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Bucket,
  clientOf,
  codeIn,
  curl,
  type Lab,
  NOBODY,
  OWNER,
  presign,
  sha256,
  signerOf,
  startLab,
  useLab,
} from '../../support/local/s3-lab.ts'

let lab: Lab
let s3: S3Client
useLab((started, client) => {
  lab = started
  s3 = client
})

const textOf = async (Key: string, client = s3) => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
  return Body?.transformToString()
}
const isMissing = async (Key: string) => {
  const head = s3.send(new HeadObjectCommand({ Bucket, Key }))
  await expect(head).rejects.toMatchObject({ $metadata: expect.objectContaining({ httpStatusCode: 404 }) })
}
const incoming = (dir = lab.dir) => readdir(join(dir, '.incoming'))

/** Polls until another process or socket has caused the condition. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** Sends raw bytes. Resolves to the answer when the peer closes or, with `cut`, after the bytes were sent. */
async function raw(port: number, bytes: string | Uint8Array, { cut = false } = {}): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => {
    answer += data
  })
  socket.on('error', () => {})
  socket.write(bytes, () => cut && socket.destroy())
  await once(socket, 'close')
  return answer
}

const requestOf = (method: string, url: string, headers: Record<string, string>, body = '') => {
  const { host, pathname, search } = new URL(url)
  const lines = Object.entries({ host, connection: 'close', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  return `${[`${method} ${pathname}${search} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${body}`
}

describe('an upload that is cut off', () => {
  test('leaves no object and no file', async () => {
    const url = await presign(lab.port, '/s3/artifacts/cut', { method: 'PUT' })
    const request = requestOf('PUT', url, { 'content-length': '1000000' }, 'x'.repeat(500_000))
    const sending = connect(lab.port, '127.0.0.1')
    sending.write(request)
    await until(async () => (await incoming()).length === 1)
    sending.destroy()
    await until(async () => (await incoming()).length === 0)
    await isMissing('cut')
  })

  test('leaves the old object unchanged', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'old', Body: 'old' }))
    const url = await presign(lab.port, '/s3/artifacts/old', { method: 'PUT' })
    await raw(lab.port, requestOf('PUT', url, { 'content-length': '9' }, 'new'), { cut: true })
    await until(async () => (await incoming()).length === 0)
    expect(await textOf('old')).toBe('old')
  })

  test('by kill -9 of the endpoint leaves the old object, and no partial file after a restart', async () => {
    const dir = await mkdtemp(join(tmpdir(), 's3-killed-'))
    const script = fileURLToPath(new URL('../../support/local/s3-server.ts', import.meta.url))
    const server = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'inherit'] })
    const port = Number(String((await once(server.stdout, 'data'))[0]))
    const killed = { ...lab, dir, port, origin: `http://127.0.0.1:${port}` }
    const client = clientOf(killed)
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'old' }))
    const url = await presign(port, '/s3/artifacts/k', { method: 'PUT' })
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write(requestOf('PUT', url, { 'content-length': '1000000' }, 'x'.repeat(500_000)))
    await until(async () => (await incoming(dir)).length === 1)
    server.kill('SIGKILL')
    await once(server, 'exit')
    socket.destroy()
    client.destroy()

    const again = await startLab({ dir })
    const second = clientOf(again)
    expect(await incoming(dir)).toEqual([])
    expect(await textOf('k', second)).toBe('old')
    second.destroy()
    await again.stop()
    await rm(dir, { recursive: true })
  })
})

describe('a body', () => {
  const url = () => presign(lab.port, '/s3/artifacts/bodied', { method: 'PUT' })

  test('must have a Content-Length of at most 5 GiB', async () => {
    const chunked = requestOf('PUT', await url(), { 'transfer-encoding': 'chunked' }, '1\r\nx\r\n0\r\n\r\n')
    expect(codeIn(await raw(lab.port, chunked))).toBe('MissingContentLength')
    const large = requestOf('PUT', await url(), { 'content-length': String(5 * 1024 ** 3 + 1) })
    expect(codeIn(await raw(lab.port, large))).toBe('EntityTooLarge')
    await isMissing('bodied')
  })

  test('must match the signed digest', async () => {
    const path = '/s3/artifacts/bodied'
    const headers = { host: `127.0.0.1:${lab.port}`, 'x-amz-content-sha256': sha256('right').digest('hex') }
    const signed = await signerOf(OWNER).sign({
      method: 'PUT',
      protocol: 'http:',
      hostname: '',
      path,
      headers,
    })
    const request = requestOf('PUT', lab.origin + path, { ...signed.headers, 'content-length': '5' }, 'wrong')
    expect(codeIn(await raw(lab.port, request))).toBe('XAmzContentSHA256Mismatch')
    await isMissing('bodied')
  })

  test('in the chunked encoding of an SDK is refused', async () => {
    const streamed = new PutObjectCommand({ Bucket, Key: 'a', Body: Readable.from(['x']), ContentLength: 1 })
    await expect(s3.send(streamed)).rejects.toMatchObject({ name: 'NotImplemented' })
  })

  test('of a denied upload does not prevent the client from reading the answer', async () => {
    const to = await presign(lab.port, '/s3/artifacts/denied', { method: 'PUT', who: NOBODY })
    const { status, body } = await curl(
      '-X',
      'PUT',
      '-H',
      'Expect:',
      '--data-binary',
      'x'.repeat(100_000),
      to,
    )
    expect([status, codeIn(body)]).toEqual([403, 'AccessDenied'])
    const large = new PutObjectCommand({ Bucket, Key: 'denied', Body: Buffer.alloc(20_000_000) })
    const nobody = clientOf(lab, NOBODY)
    await expect(nobody.send(large)).rejects.toMatchObject({ name: 'AccessDenied' })
    nobody.destroy()
  })

  test('with too much metadata is refused', async () => {
    const Metadata = { a: 'x'.repeat(2048) }
    const put = s3.send(new PutObjectCommand({ Bucket, Key: 'meta', Body: 'x', Metadata }))
    await expect(put).rejects.toMatchObject({ name: 'MetadataTooLarge' })
  })
})

describe('the endpoint', () => {
  test('answers invalid percent encoding and absolute targets with 400', async () => {
    for (const target of [
      '/s3/artifacts/%',
      '/s3/artifacts/%zz',
      '/s3/%c3%28',
      'http://h/s3/artifacts/a',
      '*',
      '/s3/a?%',
    ]) {
      expect(await raw(lab.port, `GET ${target} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`)).toMatch(
        /^HTTP\/1.1 400/,
      )
    }
  })

  test('still works after random bytes were sent to it', async () => {
    const url = await presign(lab.port, '/s3/artifacts/garbage', { method: 'PUT' })
    const start = Buffer.from(requestOf('PUT', url, { 'content-length': '40' }))
    const garbage = fc.uint8Array({ maxLength: 200 })
    const cut = fc.nat({ max: start.length })
    const check = async (bytes: Uint8Array, at: number) => {
      await raw(lab.port, Buffer.concat([start.subarray(0, at), bytes]), { cut: true })
    }
    await fc.assert(fc.asyncProperty(garbage, cut, check), { numRuns: 100 })
    await s3.send(new PutObjectCommand({ Bucket, Key: 'alive', Body: 'alive' }))
    expect(await textOf('alive')).toBe('alive')
  })

  test('still works after readers closed their connections early', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'large', Body: Buffer.alloc(20_000_000, 'x') }))
    const url = await presign(lab.port, '/s3/artifacts/large')
    const readers = Array.from({ length: 20 }, () => raw(lab.port, requestOf('GET', url, {}), { cut: true }))
    await Promise.all(readers)
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'large', Range: 'bytes=19999998-' }))
    expect(await Body?.transformToString()).toBe('xx')
  })
})
