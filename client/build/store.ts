// What one build may read and write: this user's inputs and roots, and a bucket of its own, by presigned URLs on loopback.

import { join } from 'node:path'
import { createPresigner } from '../../lib/aws/presign.ts'
import type { Presigner, Store } from '../../lib/model/ports.ts'
import { parsePolicy } from '../../local/iam/policy.ts'
import { createPrincipal } from '../../local/iam/roles.ts'
import { createS3 } from '../../local/s3/s3.ts'
import { listen } from '../../local/wire/server.ts'
import { ACCOUNT, type Clock, REGION } from '../../local/wire/types.ts'
import { bucketStore } from '../roots/bucket.ts'

export interface BuildStore {
  readonly staging: Store
  readonly stagingUrls: Presigner
  readonly inputUrls: Presigner
  readonly rootUrls: Presigner
  close(): Promise<void>
}

export interface BuildStoreOptions {
  /** of this build alone, for nobody else's eyes */
  readonly work: string
  /** folders of the buckets of inputs and of roots */
  readonly inputs: string
  readonly roots: string
  readonly now: Clock
}

const BUCKETS = ['inputs', 'roots', 'staging'] as const
const POLICY = {
  Statement: [
    { Effect: 'Allow', Action: ['s3:GetObject'], Resource: BUCKETS.map((name) => `arn:aws:s3:::${name}/*`) },
    { Effect: 'Allow', Action: ['s3:PutObject'], Resource: ['arn:aws:s3:::staging/*'] },
  ],
}

/** The steps speak to it as to S3; it answers nobody without one of its URLs, and ends with the build. */
export async function openBuildStore({ work, inputs, roots, now }: BuildStoreOptions): Promise<BuildStore> {
  const principal = createPrincipal(
    { name: 'Build', arn: `arn:aws:iam::${ACCOUNT}:user/build` },
    parsePolicy(POLICY, 'build', 'identity'),
  )
  const staging = join(work, 'staging')
  const service = createS3({
    dir: join(work, 's3'),
    buckets: BUCKETS,
    shared: { inputs, roots, staging },
    prefix: '/s3',
    principals: (id) => (id === principal.accessKeyId ? principal : undefined),
    now,
  })
  const { port, close } = await listen(service, { host: '127.0.0.1', port: 0 })
  const presigner = (bucket: (typeof BUCKETS)[number]): Presigner =>
    createPresigner({
      endpoint: `http://127.0.0.1:${port}/s3`,
      bucket,
      region: REGION,
      credentials: async () => principal,
      now,
    })
  return {
    staging: bucketStore(staging),
    stagingUrls: presigner('staging'),
    inputUrls: presigner('inputs'),
    rootUrls: presigner('roots'),
    close,
  }
}
