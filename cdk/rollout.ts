// Moves requests and events step by step to the new versions of a deployment, and back if an alarm rings.

import type { Stack } from 'aws-cdk-lib'
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch'
import * as codedeploy from 'aws-cdk-lib/aws-codedeploy'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { Alias } from 'aws-cdk-lib/aws-lambda'
import { LIVE } from '../lib/aws/resources.ts'
import type { Rollout } from '../lib/model/settings.ts'
import { acknowledge } from './nag.ts'

export interface Shifted {
  readonly alias: Alias
  /** each of these rolls back the alias and the deployment; if one rings before the move, the move does not start */
  readonly alarms: readonly Alarm[]
}

const CONFIGS: Readonly<Record<Exclude<Rollout, 'all-at-once'>, codedeploy.ILambdaDeploymentConfig>> = {
  'canary-10-percent-5-minutes': codedeploy.LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
  'canary-10-percent-10-minutes': codedeploy.LambdaDeploymentConfig.CANARY_10PERCENT_10MINUTES,
  'canary-10-percent-30-minutes': codedeploy.LambdaDeploymentConfig.CANARY_10PERCENT_30MINUTES,
  'linear-10-percent-every-1-minute': codedeploy.LambdaDeploymentConfig.LINEAR_10PERCENT_EVERY_1MINUTE,
}

/**
 * `all-at-once` moves aliases without CodeDeploy, even if alarms ring: to repair a registry whose alarms are ringing. The first
 * deployment makes the aliases and moves nothing, so CodeDeploy begins with the second. An alarm stops a move only in the state
 * ALARM, not without data.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
 * https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-create-alarms.html
 */
export function addRollouts(stack: Stack, rollout: Rollout, shifted: readonly Shifted[]): void {
  if (rollout === 'all-at-once') return
  const application = new codedeploy.LambdaApplication(stack, 'Rollouts')
  const role = roleFor(stack, shifted)
  for (const { alias, alarms } of shifted) {
    const group = new codedeploy.LambdaDeploymentGroup(stack, `${alias.lambda.node.id}Rollout`, {
      ...{ application, alias, alarms: [...alarms] },
      deploymentConfig: CONFIGS[rollout],
      // Otherwise the CDK adds AWS's policy, which permits moving every alias of the account.
      role: role.withoutPolicyUpdates(),
      // Without a rollback, a stopped deployment leaves an alias between two versions, and blocks later deployments:
      // https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-deployments-lambda.html
      autoRollback: { failedDeployment: true, deploymentInAlarm: true, stoppedDeployment: true },
    })
    group.node.addDependency(role)
  }
}

/**
 * Grants the permissions of AWS's policy (AWSCodeDeployRoleForLambdaLimited) only on these functions, and omits those for hooks
 * and for revisions in S3. https://docs.aws.amazon.com/codedeploy/latest/userguide/managed-policies.html
 */
function roleFor(stack: Stack, shifted: readonly Shifted[]): Role {
  const role = new Role(stack, 'RolloutRole', { assumedBy: new ServicePrincipal('codedeploy.amazonaws.com') })
  // Uses the function's ARN, because the alias itself depends on this role.
  const arns = shifted.map(({ alias }) => alias.lambda.functionArn)
  role.addToPolicy(
    new PolicyStatement({
      actions: ['lambda:GetAlias', 'lambda:GetProvisionedConcurrencyConfig', 'lambda:UpdateAlias'],
      resources: arns.flatMap((arn) => [arn, `${arn}:${LIVE}`]),
    }),
  )
  role.addToPolicy(new PolicyStatement({ actions: ['cloudwatch:DescribeAlarms'], resources: ['*'] }))
  acknowledge(role, {
    'IAM5[Resource::*]':
      'It reads the states of alarms, and CloudWatch cannot limit that to some alarms: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/permissions-reference-cw.html',
  })
  return role
}
