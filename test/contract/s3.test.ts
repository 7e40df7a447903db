// Tests the contracts of the store over S3, and of the kernels in it, against the endpoint of local/.

import { createHash } from 'node:crypto'
import type { S3Client } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createStore } from '../../lib/aws/store.ts'
import { createKernels } from '../../lib/inputs/kernels.ts'
import { type Fault, type Faults, seededFaults } from '../../local/faults.ts'
import { BUCKETS, clientOf, type Lab, OWNER, startLab } from '../support/local/s3-lab.ts'
import { kernelsContract } from './kernels.contract.ts'
import { storeContract } from './store.contract.ts'

describe('in S3', () => {
  let lab: Lab
  let client: S3Client
  beforeEach(async () => {
    lab = await startLab()
    client = clientOf(lab)
  })
  afterEach(async () => {
    client.destroy()
    await lab.stop()
  })
  const store = () => createStore(client, BUCKETS[0]!)
  describe('the store', () => storeContract(async () => store()))
  describe('the submitted kernels', () => kernelsContract(async () => createKernels(store())))
})

describe('in an S3 that makes clients retry', () => {
  let lab: Lab
  let client: S3Client
  let struck: Fault[]
  beforeEach(async () => {
    struck = []
    lab = await startLab({ faults: noted(struck) })
    // Like the client of the functions.
    client = clientOf(lab, OWNER, 3)
  })
  afterEach(async () => {
    client.destroy()
    await lab.stop()
  })
  describe('the store', () => storeContract(async () => createStore(client, BUCKETS[0]!)))
  test('the faults of both kinds occur, and the client retries', async () => {
    const store = createStore(client, BUCKETS[0]!)
    for (let i = 0; i < 60; i += 1)
      await store.create(`k${i}`, new Uint8Array(), {
        contentType: '',
        sha256: createHash('sha256').digest('hex'),
      })
    expect(new Set(struck)).toEqual(new Set(['s3-slow-down', 's3-conflict']))
  })
})

/** The faults of a seed. Each one is recorded in `struck`. */
function noted(struck: Fault[]): Pick<Faults, 'strikes'> {
  const faults = seededFaults('contract')
  return {
    strikes: (fault) => {
      const isStruck = faults.strikes(fault)
      if (isStruck) struck.push(fault)
      return isStruck
    },
  }
}
