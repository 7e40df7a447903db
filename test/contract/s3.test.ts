// The store over S3, and what is kept in it, against the endpoint of local/.

import type { S3Client } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe } from 'vitest'
import { createStore } from '../../lib/aws/store.ts'
import { createKernels } from '../../lib/inputs/kernels.ts'
import { BUCKETS, clientOf, type Lab, startLab } from '../support/local/s3-lab.ts'
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
