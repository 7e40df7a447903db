// Serves published objects by the distribution, from S3 and its caches, at paths that contain their digests.

import { Duration, type Stack } from 'aws-cdk-lib'
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront'
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins'
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3'
import { BY_DIGEST } from '../lib/aws/resources.ts'

/**
 * How long caches keep an object (all together, by `Age`). A withdrawn probe may be served for this time. The bytes of a digest
 * never change, so a longer time would only delay withdrawals. Later requests of an edge get a 304.
 */
export const KEPT = Duration.hours(1)

/** The names must be unique in the account, in all regions. The name of a function has at most 64 characters. */
const nameIn = ({ stackName, region }: Stack): string => `${stackName.slice(0, 40)}-${region}-bytes`

/** `bucket`: its policy must allow this distribution to read (buckets.ts). */
export const servedBytes = (stack: Stack, bucket: IBucket) => ({
  [`${BY_DIGEST}/*`]: {
    origin: originOf(stack, bucket),
    allowedMethods: cloudfront.AllowedMethods.ALLOW_GET_HEAD,
    viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
    cachePolicy: cachePolicy(stack),
    responseHeadersPolicy: headersOf(stack),
    compress: false,
    functionAssociations: [pathsToKeys(stack)],
  },
})

/** Uses only the name of the other stack's bucket, because another export could never be removed. */
function originOf(stack: Stack, { bucketName }: IBucket): S3BucketOrigin {
  const { originAccessControlId } = new cloudfront.S3OriginAccessControl(stack, 'EdgeBytesAccess', {
    originAccessControlName: nameIn(stack),
  })
  const bucket = Bucket.fromBucketAttributes(stack, 'EdgeBytesBucket', { bucketName, region: stack.region })
  return S3BucketOrigin.withBucketDefaults(bucket, { originAccessControlId }) as S3BucketOrigin
}

/** The cache key is only the path. */
const cachePolicy = (stack: Stack) =>
  new cloudfront.CachePolicy(stack, 'EdgeBytesCache', {
    cachePolicyName: nameIn(stack),
    comment: 'Published probes, by their digests',
    ...{ minTtl: KEPT, defaultTtl: KEPT, maxTtl: KEPT },
    cookieBehavior: cloudfront.CacheCookieBehavior.none(),
    headerBehavior: cloudfront.CacheHeaderBehavior.none(),
    queryStringBehavior: cloudfront.CacheQueryStringBehavior.none(),
  })

const headersOf = (stack: Stack) =>
  new cloudfront.ResponseHeadersPolicy(stack, 'EdgeBytesHeaders', {
    responseHeadersPolicyName: nameIn(stack),
    comment: 'How long caches keep what is published',
    customHeadersBehavior: {
      customHeaders: [
        { header: 'Cache-Control', value: `public, max-age=${KEPT.toSeconds()}, immutable`, override: true },
        { header: 'Content-Disposition', value: 'attachment', override: true },
      ],
    },
    securityHeadersBehavior: { contentTypeOptions: { override: true } },
  })

/**
 * Removes the prefix from a path, which makes it an object key.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
 */
const PATHS_TO_KEYS = `function handler(event) {
  var request = event.request
  request.uri = request.uri.slice(${BY_DIGEST.length})
  return request
}
`

const pathsToKeys = (stack: Stack): cloudfront.FunctionAssociation => ({
  eventType: cloudfront.FunctionEventType.VIEWER_REQUEST,
  function: new cloudfront.Function(stack, 'EdgeBytesPaths', {
    functionName: nameIn(stack),
    comment: 'From the path of a published object to its key',
    runtime: cloudfront.FunctionRuntime.JS_2_0,
    code: cloudfront.FunctionCode.fromInline(PATHS_TO_KEYS),
  }),
})
