// CloudFront before the HTTP API, where the settings name a firewall for it: the API then answers to the distribution alone.

import { CfnOutput, Duration, Fn, RemovalPolicy, SecretValue, type Stack } from 'aws-cdk-lib'
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import {
  AllowedMethods,
  type BehaviorOptions,
  CachePolicy,
  Distribution,
  type DistributionProps,
  type ErrorResponse,
  HttpVersion,
  OriginProtocolPolicy,
  OriginRequestCookieBehavior,
  OriginRequestHeaderBehavior,
  OriginRequestPolicy,
  OriginRequestQueryStringBehavior,
  OriginSslPolicy,
  PriceClass,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront'
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

export interface BehindEdge {
  readonly api: HttpApi
  /** every function that a request reaches: each looks for itself where it came from */
  readonly answering: Readonly<Record<Answering, LambdaFunction>>
  /** what is published, which the distribution serves where it is told its own id */
  readonly published: IBucket
}

/** Gives the address of the registry behind the distribution; `undefined`: there is none. */
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
  // First all of them take the new secret, which they do when their aliases have moved, then it is sent.
  distribution.node.addDependency(...functions)
  new CfnOutput(stack, 'DistributionDomain', {
    value: distribution.distributionDomainName,
    description: 'What the names of cloud.edge.names are an alias of (CNAME)',
  })
  new CfnOutput(stack, 'DistributionId', {
    value: distribution.distributionId,
    description: 'For cloud.edge.distribution, so that it serves what is published by itself',
  })
  return `https://${edge.names[0] ?? distribution.distributionDomainName}`
}

/**
 * The newest, and the one before it, which the edges send until they all have heard of the newest. Each is a secret of its
 * own: CloudFormation does not look for a new value of one that it knows by the same name.
 */
function addSecrets(stack: Stack, newest: number) {
  const secrets = [newest, newest - 1].filter((n) => n >= 1).map((n) => addSecret(stack, n))
  const arns = secrets.map(({ ref }) => ref)
  const grants = granting(
    { [ENV.edgeSecrets]: Fn.join(',', arns) },
    { read: { actions: ['secretsmanager:GetSecretValue'], resources: arns } },
  )
  return { newest: secrets[0]!, ...grants }
}

function addSecret(stack: Stack, number: number): CfnSecret {
  const secret = new CfnSecret(stack, `EdgeSecret${number}`, {
    description: 'What the distribution proves to the registry that a request came through it',
    generateSecretString: { passwordLength: 48, excludePunctuation: true },
  })
  secret.applyRemovalPolicy(RemovalPolicy.DESTROY)
  acknowledge(secret, {
    SMG4: 'Another one is made by raising cloud.edge.secret and deploying: the distribution must be told at the same time.',
  })
  return secret
}

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html */
const originOf = (stack: Stack, api: HttpApi, secret: CfnSecret): HttpOrigin =>
  new HttpOrigin(`${api.apiId}.execute-api.${stack.region}.${stack.urlSuffix}`, {
    protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
    originSslProtocols: [OriginSslPolicy.TLS_V1_2],
    // CloudFormation reads the value; the template names only where it is.
    customHeaders: { [EDGE_HEADER]: SecretValue.secretsManager(secret.ref).unsafeUnwrap() },
    // Above the 30 seconds after which the API answers whatever happens, so that no request is cut, or sent again, while it
    // is held. More than 60 is a quota of the account.
    readTimeout: Duration.seconds(60),
  })

/** An answer to one is none to the next, and no error stands for ten seconds, as CloudFront has it by default. */
const ERRORS: ErrorResponse[] = [400, 403, 404, 405, 414, 500, 501, 502, 503, 504].map((httpStatus) => ({
  httpStatus,
  ttl: Duration.seconds(0),
}))

function addDistribution(
  stack: Stack,
  edge: EdgeSettings,
  origin: HttpOrigin,
  additionalBehaviors: Readonly<Record<string, BehaviorOptions>>,
): Distribution {
  const distribution = new Distribution(stack, 'Edge', {
    comment: `The registry of ${stack.stackName}`,
    webAclId: edge.webAcl!,
    httpVersion: HttpVersion.HTTP2_AND_3,
    // Answers and probes are small: the nearest edge costs hardly more.
    priceClass: PriceClass.PRICE_CLASS_ALL,
    errorResponses: ERRORS,
    defaultBehavior: {
      origin,
      allowedMethods: AllowedMethods.ALLOW_ALL,
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      // It also keeps requests apart that come at the same time.
      cachePolicy: CachePolicy.CACHING_DISABLED,
      originRequestPolicy: requestPolicy(stack),
      compress: false,
    },
    additionalBehaviors,
    ...namesOf(stack, edge),
  })
  acknowledge(distribution, {
    CFR1: 'Probes are public, wherever their hosts are.',
    CFR3: "The API's access log has every request, the firewall's log those that were refused.",
    CFR4: 'Without names of its own a distribution has the certificate of CloudFront, whose TLS nobody can choose; with names it is TLS 1.2 or newer.',
  })
  return distribution
}

/** All that a function reads. Not the host: the API knows only its own. */
const requestPolicy = (stack: Stack): OriginRequestPolicy =>
  new OriginRequestPolicy(stack, 'EdgeRequests', {
    // Of the whole account, whatever region a registry is in.
    originRequestPolicyName: `${stack.stackName}-${stack.region}`,
    comment: 'What the registry reads of a request',
    headerBehavior: OriginRequestHeaderBehavior.allowList(VIEWER_HEADER, 'content-type', 'user-agent'),
    queryStringBehavior: OriginRequestQueryStringBehavior.all(),
    cookieBehavior: OriginRequestCookieBehavior.none(),
  })

function namesOf(stack: Stack, { names, certificate }: EdgeSettings): Partial<DistributionProps> {
  if (certificate === undefined) return {}
  return {
    domainNames: names,
    certificate: Certificate.fromCertificateArn(stack, 'EdgeCertificate', certificate),
    minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
  }
}
