// Tests the store in S3 beyond the contract: the metadata of objects, and errors of S3.

import { createHash } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createStore } from '../../../lib/aws/store.ts'
import { type Fault, seededFaults } from '../../../local/faults.ts'
import { clientOf, type Lab, NOBODY, OWNER, startLab, WORKER } from '../../support/local/s3-lab.ts'

const body = new TextEncoder().encode('the bytes of a probe')
const sha256 = createHash('sha256').update(body).digest('hex')
const META = { contentType: 'application/octet-stream', sha256 }

function used(client: S3Client): S3Client {
  onTestFinished(() => client.destroy())
  return client
}
async function startedLab(): Promise<Lab> {
  const lab = await startLab()
  onTestFinished(() => lab.stop())
  return lab
}

/** A store over a server that gives this answer. */
async function storeOver(answer: RequestListener) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return createStore(used(clientOf({ origin } as Lab)), 'artifacts')
}

test('an object has its type, its digest as metadata, and a checksum that S3 has verified', async () => {
  const client = used(clientOf(await startedLab()))
  await createStore(client, 'artifacts').create('k', body, META)
  const head = await client.send(
    new HeadObjectCommand({ Bucket: 'artifacts', Key: 'k', ChecksumMode: 'ENABLED' }),
  )
  expect(head).toMatchObject({
    ContentType: META.contentType,
    ContentLength: body.length,
    Metadata: { sha256 },
    ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
  })
})

test('a forbidden object is an error and not absent', async () => {
  const lab = await startedLab()
  await createStore(used(clientOf(lab)), 'artifacts').create('k', body, META)
  const forbidden = { $metadata: expect.objectContaining({ httpStatusCode: 403 }) }
  for (const who of [NOBODY, WORKER]) {
    const store = createStore(used(clientOf(lab, who)), 'artifacts')
    const key = who === NOBODY ? 'k' : 'absent'
    await expect(store.get(key, 1000)).rejects.toMatchObject(forbidden)
    await expect(store.size(key)).rejects.toMatchObject(forbidden)
  }
})

test('objects above the size limit leave no connection open', async () => {
  const client = used(clientOf(await startedLab()))
  const store = createStore(client, 'artifacts')
  const big = new Uint8Array(2_000_000)
  await store.create('big', big, { ...META, sha256: createHash('sha256').update(big).digest('hex') })
  // More than the 50 connections that the client has.
  for (let i = 0; i < 60; i += 1)
    await expect(store.get('big', 1000)).rejects.toMatchObject({ code: 'too-large' })
  expect(await store.size('big')).toBe(big.length)
})

test('a body without a length is refused above the size limit', async () => {
  const store = await storeOver((_, response) => {
    const timer = setInterval(() => response.write(Buffer.alloc(10_000)), 1)
    response.on('close', () => clearInterval(timer))
  })
  await expect(store.get('endless', 100_000)).rejects.toMatchObject({ code: 'too-large' })
})

test('requests that S3 throttles or refuses for a conflict are retried, and each object is stored once', async () => {
  const struck: Fault[] = []
  const seeded = seededFaults('too fast')
  const strikes = (fault: Fault): boolean => {
    const isStruck = seeded.strikes(fault)
    if (isStruck) struck.push(fault)
    return isStruck
  }
  const lab = await startLab({ faults: { strikes } })
  onTestFinished(() => lab.stop())
  // The SDK's default number of tries, as in functions/runtime/ports.ts.
  const store = createStore(used(clientOf(lab, OWNER, 3)), 'artifacts')
  for (let i = 0; i < 60; i += 1) {
    expect(await store.create(`k${i}`, body, META)).toBe('created')
    expect(Buffer.from((await store.get(`k${i}`, 1000))!)).toEqual(Buffer.from(body))
  }
  expect(new Set(struck)).toEqual(new Set(['s3-slow-down', 's3-conflict']))
})

describe('two creators at the same moment', () => {
  /** S3's answers to PUT, one after the other; the last one repeats. */
  const answering = (statuses: number[]) => {
    const told: number[] = []
    const answer: RequestListener = (request, response) => {
      request.resume().on('end', () => {
        const status = statuses.length > 1 ? statuses.shift()! : statuses[0]!
        told.push(status)
        response.writeHead(status).end()
      })
    }
    return { told, answer }
  }

  test('a creator retries after a conflict', async () => {
    const { told, answer } = answering([409, 409, 200])
    const store = await storeOver(answer)
    expect(await store.create('k', body, META)).toBe('created')
    expect(told).toEqual([409, 409, 200])
  })

  test('the loser finds the object of the other', async () => {
    const store = await storeOver(answering([409, 412]).answer)
    expect(await store.create('k', body, META)).toBe('exists')
  })

  test('a permanent conflict is an error after at most five tries', async () => {
    const { told, answer } = answering([409])
    const store = await storeOver(answer)
    await expect(store.create('k', body, META)).rejects.toMatchObject({ $metadata: { httpStatusCode: 409 } })
    expect(told.length).toBeLessThanOrEqual(5)
  })
})
