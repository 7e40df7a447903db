// The firewall of the distribution (edge.ts): limits of one address in five minutes. A separate stack and app, since CloudFront's
// firewalls exist only in us-east-1, and the registry may be in any region.

import {
  App,
  ArnFormat,
  CfnOutput,
  DefaultStackSynthesizer,
  RemovalPolicy,
  Stack,
  Validations,
} from 'aws-cdk-lib'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { CfnLoggingConfiguration, CfnWebACL } from 'aws-cdk-lib/aws-wafv2'
import { AwsSolutionsChecks } from 'cdk-nag'
import type { EdgeSettings } from '../lib/model/settings.ts'
import { stackProps } from './deployment.ts'
import { readSettings } from './settings.ts'
import { strictly } from './strict.ts'

/** Id of its construct; the stack's name derives from the registry's. */
export const FIREWALL = 'ProbeRegistryFirewall'

interface FirewallOptions {
  /** the cloud assembly */
  readonly outdir: string
  /** the registry's settings, of which `cloud.edge` and `cloud.deployment` count */
  readonly settingsFile: string | undefined
}

const HERE = 'us-east-1'

/** Throws on bad settings and on findings of the checks. */
export function synthesizeFirewall({ outdir, settingsFile }: FirewallOptions): void {
  const app = new App({ outdir, analyticsReporting: false })
  const { deployment, edge } = readSettings(settingsFile, { local: false }).cloud
  const stack = new Stack(app, FIREWALL, {
    ...stackProps({ ...deployment, stackName: `${deployment.stackName}Firewall`, region: HERE }),
    description: 'The firewall before the registry of kernel probes: limits of one address.',
    synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }),
  })
  addFirewall(stack, edge)
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  strictly(app, { isChecked: true })
}

function addFirewall(stack: Stack, edge: EdgeSettings): void {
  const { submissionsPerAddress, requestsPerAddress } = edge
  const webAcl = new CfnWebACL(stack, 'WebAcl', {
    scope: 'CLOUDFRONT',
    description: 'Limits of one address in five minutes',
    defaultAction: { allow: {} },
    customResponseBodies: { [TOO_MANY]: { contentType: 'APPLICATION_JSON', content: problem() } },
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

/** https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-high-level-settings.html */
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

/** The bash loader gives up at a Retry-After above 120. */
const REFUSAL: CfnWebACL.CustomResponseProperty = {
  responseCode: 429,
  responseHeaders: [
    { name: 'Retry-After', value: '60' },
    { name: 'Cache-Control', value: 'no-store' },
  ],
  customResponseBodyKey: TOO_MANY,
}

/** As the registry's own (RFC 9457), except for the content type, which the firewall lacks. */
const problem = (): string =>
  JSON.stringify({
    type: `urn:probe-registry:problem:${TOO_MANY}`,
    title: 'Too many requests from this address',
    status: 429,
    detail: 'This address has sent too many requests in five minutes: try again in a minute, and less often',
    code: TOO_MANY,
  })

/**
 * Logs refused requests only. AWS prescribes the prefix of the name:
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
      Filters: [
        {
          Behavior: 'KEEP',
          Requirement: 'MEETS_ANY',
          Conditions: [{ ActionCondition: { Action: 'BLOCK' } }],
        },
      ],
    },
  })
}
