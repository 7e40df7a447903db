// Serves the data of one build over a socket by presigned URLs: this user's inputs and roots, and a bucket
// for the build's output.

import { join } from 'node:path'
import { createPresigner } from '../../lib/aws/presign.ts'
import type { Presigner, Store } from '../../lib/model/ports.ts'
import { parsePolicy } from '../../local/iam/policy.ts'
import { createPrincipal } from '../../local/iam/roles.ts'
import { createS3 } from '../../local/s3/s3.ts'
import { listenOn } from '../../local/wire/server.ts'
import { ACCOUNT, type Clock, REGION } from '../../local/wire/types.ts'
import { bucketStore } from '../roots/bucket.ts'

export interface BuildStore {
  readonly staging: Store
  readonly stagingUrls: Presigner
  readonly inputUrls: Presigner
  readonly rootUrls: Presigner
  close(): Promise<void>
}

interface BuildStoreOptions {
  /** work folder of this build, readable only by this user */
  readonly work: string
  /** path of the socket that the build uses */
  readonly socket: string
  /** folders of the input bucket and the root bucket */
  readonly inputs: string
  readonly roots: string
  readonly now: Clock
}

/** Part of the signed URLs; it is never resolved. */
const ENDPOINT = 'http://store.invalid/s3'
const BUCKETS = ['inputs', 'roots', 'staging'] as const
const POLICY = {
  Statement: [
    { Effect: 'Allow', Action: ['s3:GetObject'], Resource: BUCKETS.map((name) => `arn:aws:s3:::${name}/*`) },
    { Effect: 'Allow', Action: ['s3:PutObject'], Resource: ['arn:aws:s3:::staging/*'] },
  ],
}

/**
 * Opens a store that the steps use like S3. It accepts only its own presigned URLs, and it closes with the
 * build.
 */
export async function openBuildStore(options: BuildStoreOptions): Promise<BuildStore> {
  const { work, socket, inputs, roots, now } = options
  const principal = createPrincipal(
    { name: 'Build', arn: `arn:aws:iam::${ACCOUNT}:user/build` },
    parsePolicy(POLICY, 'build', 'identity'),
  )
  const staging = join(work, 'staging')
  const { service } = createS3({
    dir: join(work, 's3'),
    buckets: BUCKETS,
    shared: { inputs, roots, staging },
    prefix: '/s3',
    principals: (id) => (id === principal.accessKeyId ? principal : undefined),
    now,
  })
  const { close } = await listenOn(service, socket)
  const presigner = (bucket: (typeof BUCKETS)[number]): Presigner =>
    createPresigner({
      endpoint: ENDPOINT,
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
