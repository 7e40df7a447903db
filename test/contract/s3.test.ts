// The store over S3, against the endpoint of local/.

import type { S3Client } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe } from 'vitest'
import { createStore } from '../../lib/aws/store.ts'
import { BUCKETS, clientOf, type Lab, startLab } from '../support/local/s3-lab.ts'
import { storeContract } from './store.contract.ts'

describe('the store in S3', () => {
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
  storeContract(async () => createStore(client, BUCKETS[0]!))
})
