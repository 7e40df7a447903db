// The S3 buckets: what is published, what a build reads and writes, and what builds are made from.

import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib'
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type LifecycleRule,
} from 'aws-cdk-lib/aws-s3'
import { ENV } from '../lib/aws/resources.ts'
import { PUBLIC_KEY_OBJECT, stagingKeys } from '../lib/model/keys.ts'
import { granting, type Permission } from './grants.ts'
import { acknowledge } from './nag.ts'

const ABORT = { abortIncompleteMultipartUploadAfter: Duration.days(1) }

export function addBuckets(stack: Stack) {
  const artifacts = bucket(stack, 'Artifacts', ABORT)
  const staging = bucket(stack, 'Staging', {
    ...ABORT,
    expiration: Duration.days(7),
    noncurrentVersionExpiration: Duration.days(1),
  })
  const inputs = bucket(stack, 'Inputs', { ...ABORT, noncurrentVersionExpiration: Duration.days(1) })
  return {
    artifacts: granting(
      { [ENV.artifactsBucket]: artifacts.bucketName },
      {
        read: objects(artifacts, 's3:GetObject'),
        create: objects(artifacts, 's3:PutObject'),
        'tell absent': list(artifacts),
        'write public key': objects(artifacts, 's3:PutObject', PUBLIC_KEY_OBJECT),
      },
    ),
    staging: granting(
      { [ENV.stagingBucket]: staging.bucketName },
      {
        read: objects(staging, 's3:GetObject'),
        'read logs': objects(staging, 's3:GetObject', stagingKeys('*').log),
        write: objects(staging, 's3:PutObject'),
        'tell absent': list(staging),
      },
    ),
    inputs: granting(
      { [ENV.inputsBucket]: inputs.bucketName },
      {
        read: objects(inputs, 's3:GetObject'),
        write: objects(inputs, 's3:PutObject'),
        'tell absent': list(inputs),
      },
    ),
  }
}

function bucket(stack: Stack, id: string, lifecycle: LifecycleRule): Bucket {
  const bucket = new Bucket(stack, id, {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    versioned: true,
    lifecycleRules: [lifecycle],
    removalPolicy: RemovalPolicy.RETAIN,
  })
  acknowledge(bucket, {
    S1: 'Objects are reached only by URLs that the functions sign one at a time; the access log of the API tells who asked for what, and a fourth bucket of logs would have no reader.',
  })
  return bucket
}

/** `keys`: which object keys, `*` standing for anything. */
function objects(bucket: Bucket, action: 's3:GetObject' | 's3:PutObject', keys = '*'): Permission {
  const permission = { actions: [action], resources: [bucket.arnForObjects(keys)] }
  return keys.includes('*') ? { ...permission, reasons: manyKeys(bucket, keys) } : permission
}

const manyKeys = (bucket: Bucket, keys: string) => {
  const id: string = bucket.stack.resolve((bucket.node.defaultChild as CfnBucket).logicalId)
  return {
    [`IAM5[Resource::<${id}.Arn>/${keys}]`]:
      'The keys hold claims and digests that do not exist yet; one bucket, one action.',
  }
}

/** Without it S3 answers 403 where an object is absent, and absent cannot be told from forbidden. */
const list = (bucket: Bucket): Permission => ({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] })
