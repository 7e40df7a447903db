// Makes the HTTP API. Requests that wait go to other functions than `resolve`, so that they never slow a hit.

import { CfnOutput, RemovalPolicy, type Stack } from 'aws-cdk-lib'
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway'
import * as gateway from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import type { Alias } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { eachOf } from '../lib/model/each.ts'
import type { Settings } from '../lib/model/settings.ts'
import { ANSWERING, type Answering, firstOf, routes } from '../lib/names/routes.ts'
import { capitalized } from './function.ts'
import { acknowledge } from './nag.ts'

/**
 * Omits the query. Presigned URLs are never requests to this API. Texts from clients are not escaped, so a quote in one makes the
 * JSON invalid. The status comes first, so that an alarm can always find it (alarms.ts).
 */
export const ACCESS_LOG = {
  status: '$context.status',
  requestId: '$context.requestId',
  time: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  method: '$context.httpMethod',
  path: '$context.path',
  route: '$context.routeKey',
  milliseconds: '$context.responseLatency',
  error: '$context.integrationErrorMessage',
  userAgent: '$context.identity.userAgent',
}

/**
 * A function that answers GET of a path gets all paths below its first segment, with all methods. It refuses unknown paths
 * itself. A function for POST gets only the exact path. `resolve` gets everything else.
 */
function gatewayRoutes() {
  const all = routes().flatMap(({ path, methods: { GET, POST } }) => [
    ...(GET === undefined ? [] : [{ path: wholeOf(path), method: gateway.HttpMethod.ANY, to: GET }]),
    ...(POST === undefined ? [] : [{ path, method: gateway.HttpMethod.POST, to: POST }]),
  ])
  const once = new Map(all.map((route) => [`${route.method} ${route.path}`, route]))
  return [...once.values()].filter(({ to }) => to !== 'resolve')
}

const wholeOf = (path: string): string => (path === `/${firstOf(path)}` ? path : `/${firstOf(path)}/{proxy+}`)

export function addApi(stack: Stack, live: Readonly<Record<Answering, Alias>>, { cloud }: Settings) {
  const integrations = eachOf(ANSWERING, (to) => new HttpLambdaIntegration(capitalized(to), live[to]))
  const api = new gateway.HttpApi(stack, 'Api', {
    apiName: stack.stackName,
    createDefaultStage: false,
    defaultIntegration: integrations.resolve,
  })
  for (const { path, method, to } of gatewayRoutes())
    api.addRoutes({ path, methods: [method], integration: integrations[to] })
  const accessLog = new LogGroup(stack, 'AccessLog', {
    // One policy of the account covers all log groups below this prefix. Any other name makes that policy longer, up to a limit:
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
    logGroupName: `/aws/vendedlogs/apis/${stack.stackName}`,
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  const stage = new gateway.HttpStage(stack, 'Stage', {
    httpApi: api,
    stageName: '$default',
    autoDeploy: true,
    throttle: { rateLimit: cloud.requestsPerSecond, burstLimit: cloud.requestBurst },
    accessLogSettings: {
      destination: new gateway.LogGroupLogDestination(accessLog),
      format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
    },
  })
  acknowledge(api, { APIG4: 'Probes are public: the clients send no credentials and cannot be changed.' })
  const { domain } = cloud.deployment
  if (domain === undefined) return { api, url: api.apiEndpoint, accessLog }
  addDomain(stack, { api, stage }, domain)
  return { api, url: `https://${domain.name}`, accessLog }
}

/** Maps only the root of the domain, because redirects and links begin there. The outputs are for its DNS. */
function addDomain(
  stack: Stack,
  { api, stage }: { readonly api: gateway.HttpApi; readonly stage: gateway.HttpStage },
  { name, certificateArn }: NonNullable<Settings['cloud']['deployment']['domain']>,
): void {
  const certificate = Certificate.fromCertificateArn(stack, 'Certificate', certificateArn)
  const domainName = new gateway.DomainName(stack, 'Domain', { domainName: name, certificate })
  new gateway.ApiMapping(stack, 'DomainRoot', { api, stage, domainName })
  new CfnOutput(stack, 'DomainTarget', {
    value: domainName.regionalDomainName,
    description: `What ${name} is a CNAME or an alias of in DNS`,
  })
  new CfnOutput(stack, 'DomainTargetZone', {
    value: domainName.regionalHostedZoneId,
    description: 'Hosted zone of that target, for an alias in Route 53',
  })
}
