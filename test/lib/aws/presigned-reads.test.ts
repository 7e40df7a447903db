// Tests reads of objects by presigned URLs, against the endpoint of local/.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { S3Client } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { createReads } from '../../../lib/aws/presigned-reads.ts'
import { Bucket, type Lab, NOBODY, objectsOf, presign, useLab, WORKER } from '../../support/local/s3-lab.ts'

let lab: Lab
let s3: S3Client
useLab((started, client) => {
  lab = started
  s3 = client
})

const { put } = objectsOf(() => s3)
const reads = (who?: Parameters<typeof presign>[2]) =>
  createReads({ get: (key) => presign(lab.port, `/s3/${Bucket}/${key}`, who) })

test('an object is read completely, and a missing one is undefined', async () => {
  await put('kernels/a', 'a record')
  expect(Buffer.from((await reads().get('kernels/a', 100))!).toString()).toBe('a record')
  expect(await reads().get('kernels/b', 100)).toBeUndefined()
})

test('an object above the size limit is not read', async () => {
  await put('kernels/large', 'x'.repeat(101))
  await expect(reads().get('kernels/large', 100)).rejects.toMatchObject({ code: 'too-large' })
})

test('a forbidden object is an error and not absent, and the error contains no URL', async () => {
  for (const who of [NOBODY, WORKER]) {
    const error = await reads({ who })
      .get('kernels/c', 100)
      .catch((cause: Error) => cause)
    expect(error).toMatchObject({ code: 'misconfigured' })
    expect(String(error)).not.toMatch(/http|Signature/)
  }
})

test('a URL is signed again if the clock was wrong', async () => {
  await put('kernels/d', 'a record')
  const moments = [Date.now() - 7_200_000, Date.now() + 7_200_000, Date.now()]
  const { get } = createReads({
    get: (key) =>
      presign(lab.port, `/s3/${Bucket}/${key}`, { signingDate: new Date(moments.shift() ?? Number.NaN) }),
  })
  expect(Buffer.from((await get('kernels/d', 100))!).toString()).toBe('a record')
  expect(moments).toEqual([])
})

test('a read from a busy S3 is retried, but not endlessly', async () => {
  let asked = 0
  let busy = 2
  const server = createServer((_, response) => {
    asked += 1
    response.writeHead(asked <= busy ? 503 : 200).end('a record')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const { get } = createReads({ get: async () => `http://127.0.0.1:${port}/a` })
  expect(Buffer.from((await get('a', 100))!).toString()).toBe('a record')
  ;[asked, busy] = [0, 100]
  await expect(get('a', 100)).rejects.toMatchObject({ code: 'misconfigured' })
  expect(asked).toBe(3)
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})
