// The HTTP API: everything is resolved, and those who wait do so elsewhere, so that they never slow a hit.

import { RemovalPolicy, type Stack } from 'aws-cdk-lib'
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway'
import { HttpApi, HttpMethod, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Settings } from '../lib/model/settings.ts'
import { acknowledge } from './nag.ts'

/** Without the query, and no presigned URL is ever a request to this API. */
const ACCESS_LOG = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  userAgent: '$context.identity.userAgent',
  method: '$context.httpMethod',
  path: '$context.path',
  route: '$context.routeKey',
  status: '$context.status',
  milliseconds: '$context.responseLatency',
  error: '$context.integrationErrorMessage',
}

/** First parts of the paths of clients that do not follow redirects, and are sent the bytes themselves. */
const WITHOUT_REDIRECTS = ['stable', 'dev', 'kernel-module', 'ebpf-probe']

type Routed = Readonly<Record<'resolve' | 'wait' | 'direct' | 'submit' | 'v1', LambdaFunction>>

export function addApi(stack: Stack, { resolve, wait, direct, submit, v1 }: Routed, { cloud }: Settings) {
  const api = new HttpApi(stack, 'Api', {
    apiName: stack.stackName,
    createDefaultStage: false,
    defaultIntegration: new HttpLambdaIntegration('Resolve', resolve),
  })
  api.addRoutes({
    path: '/wait/{proxy+}',
    methods: [HttpMethod.ANY],
    integration: new HttpLambdaIntegration('Wait', wait),
  })
  api.addRoutes({
    path: '/v1/probes',
    methods: [HttpMethod.POST],
    integration: new HttpLambdaIntegration('Submit', submit),
  })
  const known = new HttpLambdaIntegration('V1', v1)
  for (const path of ['/v1/{proxy+}', '/openapi.json'])
    api.addRoutes({ path, methods: [HttpMethod.ANY], integration: known })
  const delivered = new HttpLambdaIntegration('Direct', direct)
  for (const layout of WITHOUT_REDIRECTS) {
    api.addRoutes({ path: `/${layout}/{proxy+}`, methods: [HttpMethod.ANY], integration: delivered })
  }
  const accessLog = new LogGroup(stack, 'AccessLog', {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  new HttpStage(stack, 'Stage', {
    httpApi: api,
    stageName: '$default',
    autoDeploy: true,
    throttle: { rateLimit: cloud.requestsPerSecond, burstLimit: cloud.requestBurst },
    accessLogSettings: {
      destination: new LogGroupLogDestination(accessLog),
      format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
    },
  })
  acknowledge(api, { APIG4: 'Probes are public: the clients send no credentials and cannot be changed.' })
  return { api, accessLog }
}
