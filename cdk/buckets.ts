// Makes the S3 buckets of published objects, staging, inputs of builds, and build roots.

import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { BlockPublicAccess, Bucket, BucketEncryption, type LifecycleRule } from 'aws-cdk-lib/aws-s3'
import { ENV } from '../lib/aws/resources.ts'
import {
  ARTIFACT_KEYS,
  CHANNEL_KEYS,
  INPUT_KEYS,
  PACKAGED_KEYS,
  PUBLIC_KEY_OBJECT,
  PUBLISHED_KEYS,
  ROOT_KEYS,
  stagingKeys,
} from '../lib/model/keys.ts'
import { granting, type Permission } from './grants.ts'
import { acknowledge } from './nag.ts'

const ABORT = { abortIncompleteMultipartUploadAfter: Duration.days(1) }
const ONE_VERSION = { ...ABORT, noncurrentVersionExpiration: Duration.days(1) }

/**
 * Days until inputs are deleted. Records of submitted kernels are deleted before their files. Inputs from archives stay, because
 * the archive may have dropped them.
 */
const INPUT_AGES = [
  expiring(INPUT_KEYS.kernels, 180),
  expiring(INPUT_KEYS.submitted, 181),
  expiring(INPUT_KEYS.trees, 90),
  expiring(INPUT_KEYS.images, 30),
]

function expiring(keys: string, days: number): LifecycleRule {
  return { prefix: keys.replace(/\*$/, ''), expiration: Duration.days(days) }
}

/** `distribution`: id of the distribution that serves published objects. */
export function addBuckets(stack: Stack, distribution: string | undefined) {
  const artifacts = bucket(stack, 'Artifacts', ABORT)
  if (distribution !== undefined) serveBy(artifacts, distribution)
  const staging = bucket(stack, 'Staging', { ...ONE_VERSION, expiration: Duration.days(7) })
  const inputs = bucket(stack, 'Inputs', ONE_VERSION, ...INPUT_AGES)
  const roots = bucket(stack, 'Roots', ONE_VERSION)
  return {
    buckets: { artifacts, staging, inputs, roots },
    roots: granting(
      { [ENV.rootsBucket]: roots.bucketName },
      { read: read(roots, '*'), keep: create(roots, ...ROOT_KEYS), 'tell absent': list(roots) },
    ),
    artifacts: granting(
      { [ENV.artifactsBucket]: artifacts.bucketName },
      {
        read: read(artifacts, '*'),
        create: create(artifacts, ...ARTIFACT_KEYS),
        'read to package': read(artifacts, ...PACKAGED_KEYS, ...CHANNEL_KEYS),
        'tell absent': list(artifacts),
        'read public key': read(artifacts, PUBLIC_KEY_OBJECT),
        'write public key': write(artifacts, PUBLIC_KEY_OBJECT),
      },
    ),
    staging: granting(
      { [ENV.stagingBucket]: staging.bucketName },
      {
        read: read(staging, '*'),
        'read logs': read(staging, LOGS),
        create: create(staging, '*'),
        // A running build stores its log several times.
        'write logs': write(staging, LOGS),
        'tell absent': list(staging),
      },
    ),
    inputs: granting(
      { [ENV.inputsBucket]: inputs.bucketName },
      {
        read: read(inputs, '*'),
        'read kernels': read(inputs, INPUT_KEYS.kernels),
        'read submitted': read(inputs, INPUT_KEYS.submitted),
        keep: create(inputs, INPUT_KEYS.kept),
        'keep lists': create(inputs, INPUT_KEYS.lists),
        'keep submitted': create(inputs, INPUT_KEYS.submitted),
        'keep trees and images': create(inputs, INPUT_KEYS.trees, INPUT_KEYS.images),
        'record kernels': create(inputs, INPUT_KEYS.kernels),
        'tell absent': list(inputs),
      },
    ),
  }
}

/**
 * Allows only this distribution to read, and only published objects:
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
 * Refers to the distribution by its id, because it is part of the other stack, which is deployed later.
 */
function serveBy(bucket: Bucket, id: string): void {
  const { partition, account } = bucket.stack
  bucket.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('cloudfront.amazonaws.com')],
      actions: ['s3:GetObject'],
      resources: PUBLISHED_KEYS.map((keys) => bucket.arnForObjects(keys)),
      conditions: {
        StringEquals: { 'aws:SourceArn': `arn:${partition}:cloudfront::${account}:distribution/${id}` },
      },
    }),
  )
}

function bucket(stack: Stack, id: string, ...lifecycleRules: LifecycleRule[]): Bucket {
  const bucket = new Bucket(stack, id, {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    versioned: true,
    lifecycleRules,
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  })
  // A bucket that outlives the stack must still require TLS.
  bucket.policy?.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
  acknowledge(bucket, {
    S1: 'Objects are reached only by URLs that the functions sign one at a time; the access log of the API has all requests, and a fourth bucket of logs would have no reader.',
  })
  return bucket
}

/** The star also matches the folder of a load test. */
const LOGS = stagingKeys('*').log

/** `keys`: object keys, in which `*` stands for any text. */
const read = (bucket: Bucket, ...keys: string[]): Permission => objects(bucket, 's3:GetObject', keys)

/** Permits only new objects: S3 refuses requests without If-None-Match, and so refuses every replacement. */
const create = (bucket: Bucket, ...keys: string[]): Permission => ({
  ...objects(bucket, 's3:PutObject', keys),
  conditions: { Null: { 's3:if-none-match': 'false' } },
})

/** Also permits replacing objects. */
const write = (bucket: Bucket, ...keys: string[]): Permission => objects(bucket, 's3:PutObject', keys)

function objects(bucket: Bucket, action: 's3:GetObject' | 's3:PutObject', keys: string[]): Permission {
  const many = keys.filter((key) => key.includes('*'))
  return {
    actions: [action],
    resources: keys.map((key) => bucket.arnForObjects(key)),
    reasons: Object.assign({}, ...many.map((key) => manyKeys(bucket, key))),
  }
}

/** The finding contains the name of the export by which the functions' stack imports the ARN. */
const manyKeys = ({ stack, bucketArn }: Bucket, keys: string) => {
  const { 'Fn::ImportValue': name }: Record<string, string> = stack.resolve(stack.exportValue(bucketArn))
  return {
    [`IAM5[Resource::${name}/${keys}]`]:
      'The keys hold claims and digests that do not exist yet; one bucket, one action.',
  }
}

/** Without this permission, S3 answers 403 for absent objects, just as for forbidden ones. */
const list = (bucket: Bucket): Permission => ({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] })
