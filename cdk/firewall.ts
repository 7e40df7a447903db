// The firewall of the distribution (edge.ts): what one address may ask in five minutes. A stack and an app of its own, since
// AWS keeps firewalls of CloudFront in us-east-1 only, and the registry may be anywhere.

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

/** Of its construct; the stack is called by the registry's. */
export const FIREWALL = 'ProbeRegistryFirewall'

interface FirewallOptions {
  /** the cloud assembly */
  readonly outdir: string
  /** the registry's own settings; of them `cloud.edge` and `cloud.deployment` count here */
  readonly settingsFile: string | undefined
}

const HERE = 'us-east-1'

/** Writes the assembly. Throws on bad settings and on findings of the checks. */
export function synthesizeFirewall({ outdir, settingsFile }: FirewallOptions): void {
  const app = new App({ outdir, analyticsReporting: false })
  const { deployment, edge } = readSettings(settingsFile, { local: false }).cloud
  const stack = new Stack(app, FIREWALL, {
    ...stackProps({ ...deployment, stackName: `${deployment.stackName}Firewall`, region: HERE }),
    description: 'The firewall before the registry of kernel probes: what one address may ask.',
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
    description: 'What one address may ask of the registry in five minutes',
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

/** The older loader gives up at once on a Retry-After above 120. */
const REFUSAL: CfnWebACL.CustomResponseProperty = {
  responseCode: 429,
  responseHeaders: [
    { name: 'Retry-After', value: '60' },
    { name: 'Cache-Control', value: 'no-store' },
  ],
  customResponseBodyKey: TOO_MANY,
}

/** As the registry's own are (RFC 9457), but for a content type that the firewall does not have. */
const problem = (): string =>
  JSON.stringify({
    type: `urn:probe-registry:problem:${TOO_MANY}`,
    title: 'Too many requests of this address',
    status: 429,
    detail: 'This address has asked more in five minutes than one may: ask again in a minute, and less often',
    code: TOO_MANY,
  })

/**
 * Who was refused, and when: nothing of those who were answered. The name must begin so:
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
