// Puts CloudFront in front of the HTTP API, if the settings name a firewall. The API then answers only the distribution.

import { CfnOutput, Duration, Fn, RemovalPolicy, SecretValue, type Stack } from 'aws-cdk-lib'
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront'
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager'
import { EDGE_HEADER, ENV, VIEWER_HEADER } from '../lib/aws/resources.ts'
import type { EdgeSettings } from '../lib/model/settings.ts'
import type { Answering } from '../lib/names/routes.ts'
import { servedBytes } from './edge-bytes.ts'
import { granting } from './grants.ts'
import { acknowledge } from './nag.ts'

interface BehindEdge {
  readonly api: HttpApi
  /** functions that answer requests; each itself checks that a request came through the distribution */
  readonly answering: Readonly<Record<Answering, LambdaFunction>>
  /** bucket of published objects, which the distribution serves if the settings have its id */
  readonly published: IBucket
}

/** Returns the registry's address through the distribution; `undefined`: there is no distribution. */
export function addEdge(
  stack: Stack,
  edge: EdgeSettings,
  { api, answering, published }: BehindEdge,
): string | undefined {
  if (edge.webAcl === undefined) return undefined
  const functions = Object.values(answering)
  const secrets = addSecrets(stack, edge.secret)
  for (const fn of functions) secrets.grantTo(fn, 'read')
  const bytes = edge.distribution === undefined ? {} : servedBytes(stack, published)
  const distribution = addDistribution(stack, edge, originOf(stack, api, secrets.newest), bytes)
  // Before the distribution sends the new secret, all functions accept it, because their aliases have moved.
  distribution.node.addDependency(...functions)
  new CfnOutput(stack, 'DistributionDomain', {
    value: distribution.distributionDomainName,
    description: 'Target of the names in cloud.edge.names (CNAME)',
  })
  new CfnOutput(stack, 'DistributionId', {
    value: distribution.distributionId,
    description: 'For cloud.edge.distribution, so that it serves published objects itself',
  })
  return `https://${edge.names[0] ?? distribution.distributionDomainName}`
}

/**
 * The newest secret, and the previous one, which edges send until they all have the newest. Each is a separate resource, because
 * CloudFormation does not read a new value of the same resource.
 */
function addSecrets(stack: Stack, newest: number) {
  const secrets = [newest, newest - 1].filter((n) => n >= 1).map((n) => addSecret(stack, n))
  const resources = secrets.map(({ ref }) => ref)
  const { grantTo } = granting(
    { [ENV.edgeSecrets]: Fn.join(',', resources) },
    { read: { actions: ['secretsmanager:GetSecretValue'], resources } },
  )
  return { newest: secrets[0]!, grantTo }
}

function addSecret(stack: Stack, number: number): CfnSecret {
  const secret = new CfnSecret(stack, `EdgeSecret${number}`, {
    description: 'Proves to the registry that a request came through the distribution',
    generateSecretString: { passwordLength: 48, excludePunctuation: true },
  })
  secret.applyRemovalPolicy(RemovalPolicy.DESTROY)
  acknowledge(secret, {
    SMG4: 'Raise cloud.edge.secret and deploy for a new one: the distribution must get it at the same time.',
  })
  return secret
}

/** Adds the secret header: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html */
const originOf = (stack: Stack, api: HttpApi, secret: CfnSecret): HttpOrigin =>
  new HttpOrigin(`${api.apiId}.execute-api.${stack.region}.${stack.urlSuffix}`, {
    protocolPolicy: cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
    originSslProtocols: [cloudfront.OriginSslPolicy.TLS_V1_2],
    // A reference: CloudFormation reads the value, so the template does not contain it.
    customHeaders: { [EDGE_HEADER]: SecretValue.secretsManager(secret.ref).unsafeUnwrap() },
    // Longer than the API's 30 seconds, so that no held request is cut off or repeated. More than 60 needs a higher quota.
    readTimeout: Duration.seconds(60),
  })

/** Disables caching of errors. CloudFront's default is ten seconds. */
const ERRORS = [400, 403, 404, 405, 414, 500, 501, 502, 503, 504]

function addDistribution(
  stack: Stack,
  edge: EdgeSettings,
  origin: HttpOrigin,
  additionalBehaviors: Readonly<Record<string, cloudfront.BehaviorOptions>>,
) {
  const distribution = new cloudfront.Distribution(stack, 'Edge', {
    comment: `The registry of ${stack.stackName}`,
    webAclId: edge.webAcl!,
    httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
    // Answers and probes are small, so using all edges costs hardly more.
    priceClass: cloudfront.PriceClass.PRICE_CLASS_ALL,
    errorResponses: ERRORS.map((httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) })),
    defaultBehavior: {
      origin,
      allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
      // Also prevents CloudFront from merging simultaneous requests.
      cachePolicy: cloudfront.CachePolicy.CACHING_DISABLED,
      originRequestPolicy: requestPolicy(stack),
      compress: false,
    },
    additionalBehaviors,
    ...namesOf(stack, edge),
  })
  acknowledge(distribution, {
    CFR1: 'Probes are public, wherever their hosts are.',
    CFR3: "The API's access log has every request, the firewall's log those that were refused.",
    CFR4: 'Without own names a distribution has the certificate of CloudFront, whose TLS version is fixed; with names it is TLS 1.2 or newer.',
  })
  return distribution
}

/** Sends everything that a function reads, but not the host, because the API accepts only its own. */
const requestPolicy = (stack: Stack) =>
  new cloudfront.OriginRequestPolicy(stack, 'EdgeRequests', {
    // Must be unique in the account, in all regions.
    originRequestPolicyName: `${stack.stackName}-${stack.region}`,
    comment: 'What the registry reads of a request',
    headerBehavior: cloudfront.OriginRequestHeaderBehavior.allowList(
      VIEWER_HEADER,
      'content-type',
      'user-agent',
    ),
    queryStringBehavior: cloudfront.OriginRequestQueryStringBehavior.all(),
    cookieBehavior: cloudfront.OriginRequestCookieBehavior.none(),
  })

function namesOf(stack: Stack, { names, certificate }: EdgeSettings): Partial<cloudfront.DistributionProps> {
  if (certificate === undefined) return {}
  return {
    domainNames: names,
    certificate: Certificate.fromCertificateArn(stack, 'EdgeCertificate', certificate),
    minimumProtocolVersion: cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
  }
}
