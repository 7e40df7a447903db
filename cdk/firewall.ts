// Makes the firewall of the distribution (edge.ts), which limits the requests of an address in five minutes. It is a separate stack
// and app, because CloudFront's firewalls exist only in us-east-1, and the registry may be in any region.

import { App, ArnFormat, CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { CfnLoggingConfiguration, CfnWebACL } from 'aws-cdk-lib/aws-wafv2'
import type { EdgeSettings } from '../lib/model/settings.ts'
import { stackProps } from './deployment.ts'
import { readSettings } from './settings.ts'
import { strictly } from './strict.ts'

/** Id of the stack's construct. The stack's name derives from the registry's. */
export const FIREWALL = 'ProbeRegistryFirewall'

interface FirewallOptions {
  /** the cloud assembly */
  readonly outdir: string
  /** the registry's settings; only `cloud.edge` and `cloud.deployment` are used */
  readonly settingsFile: string | undefined
}

const HERE = 'us-east-1'

/** Throws on invalid settings, and on findings of the policy checks. */
export function synthesizeFirewall({ outdir, settingsFile }: FirewallOptions): void {
  const app = new App({ outdir, analyticsReporting: false })
  const { deployment, edge } = readSettings(settingsFile, { local: false }).cloud
  const stack = new Stack(app, FIREWALL, {
    ...stackProps({ ...deployment, stackName: `${deployment.stackName}Firewall`, region: HERE }),
    description: 'The firewall before the registry of kernel probes: limits of one address.',
  })
  addFirewall(stack, edge)
  strictly(app, { isChecked: true })
}

function addFirewall(stack: Stack, edge: EdgeSettings): void {
  const { submissionsPerAddress, requestsPerAddress } = edge
  const webAcl = new CfnWebACL(stack, 'WebAcl', {
    scope: 'CLOUDFRONT',
    description: 'Limits of one address in five minutes',
    defaultAction: { allow: {} },
    customResponseBodies: { [TOO_MANY]: { contentType: 'APPLICATION_JSON', content: PROBLEM } },
    rules: [
      rule(0, 'Submissions', { limit: submissionsPerAddress, scopeDownStatement: POSTS }),
      rule(1, 'Requests', { limit: requestsPerAddress }),
    ],
    visibilityConfig: watched('Firewall'),
  })
  addLog(stack, webAcl)
  new CfnOutput(stack, 'WebAclArn', {
    value: webAcl.attrArn,
    description: 'For cloud.edge.webAcl of the registry',
  })
}

const watched = (metricName: string): CfnWebACL.VisibilityConfigProperty => ({
  cloudWatchMetricsEnabled: true,
  sampledRequestsEnabled: true,
  metricName,
})

/** Syntax: https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-high-level-settings.html */
const rule = (
  priority: number,
  name: string,
  statement: Pick<CfnWebACL.RateBasedStatementProperty, 'limit' | 'scopeDownStatement'>,
): CfnWebACL.RuleProperty => ({
  name,
  priority,
  statement: { rateBasedStatement: { aggregateKeyType: 'IP', evaluationWindowSec: 300, ...statement } },
  action: { block: { customResponse: REFUSAL } },
  visibilityConfig: watched(name),
})

const POSTS: CfnWebACL.StatementProperty = {
  byteMatchStatement: {
    fieldToMatch: { method: {} },
    positionalConstraint: 'EXACTLY',
    searchString: 'POST',
    textTransformations: [{ priority: 0, type: 'NONE' }],
  },
}

const TOO_MANY = 'too-many-requests'

/** The bash loader gives up if Retry-After is above 120. */
const REFUSAL: CfnWebACL.CustomResponseProperty = {
  responseCode: 429,
  responseHeaders: [
    { name: 'Retry-After', value: '60' },
    { name: 'Cache-Control', value: 'no-store' },
  ],
  customResponseBodyKey: TOO_MANY,
}

/** Has the format of the registry's problems (RFC 9457), except the content type, which the firewall does not support. */
const PROBLEM = JSON.stringify({
  type: `urn:probe-registry:problem:${TOO_MANY}`,
  title: 'Too many requests from this address',
  status: 429,
  detail: 'This address has sent too many requests in five minutes: try again in a minute, and less often',
  code: TOO_MANY,
})

const BLOCKED = { ActionCondition: { Action: 'BLOCK' } }

/**
 * Logs only refused requests. AWS prescribes the prefix of the log group's name:
 * https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
 */
function addLog(stack: Stack, webAcl: CfnWebACL): void {
  const log = new LogGroup(stack, 'Log', {
    logGroupName: `aws-waf-logs-${stack.stackName}`,
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  const arn = stack.formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: log.logGroupName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })
  new CfnLoggingConfiguration(stack, 'Logging', {
    resourceArn: webAcl.attrArn,
    logDestinationConfigs: [arn],
    redactedFields: [{ queryString: {} }],
    loggingFilter: {
      DefaultBehavior: 'DROP',
      Filters: [{ Behavior: 'KEEP', Requirement: 'MEETS_ANY', Conditions: [BLOCKED] }],
    },
  })
}
