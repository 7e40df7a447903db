// How a deployment's new versions come to be used: some requests and events first, and back to the old ones where an alarm rings.

import type { Stack } from 'aws-cdk-lib'
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch'
import {
  type ILambdaDeploymentConfig,
  LambdaApplication,
  LambdaDeploymentConfig,
  LambdaDeploymentGroup,
} from 'aws-cdk-lib/aws-codedeploy'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { Alias } from 'aws-cdk-lib/aws-lambda'
import { LIVE } from '../lib/aws/resources.ts'
import type { Rollout } from '../lib/model/settings.ts'
import { acknowledge } from './nag.ts'

export interface Shifted {
  readonly alias: Alias
  /** any of these takes the alias back, and with it the deployment; before it has moved they stop it */
  readonly alarms: readonly Alarm[]
}

const CONFIGS: Readonly<Record<Exclude<Rollout, 'all-at-once'>, ILambdaDeploymentConfig>> = {
  'canary-10-percent-5-minutes': LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
  'canary-10-percent-10-minutes': LambdaDeploymentConfig.CANARY_10PERCENT_10MINUTES,
  'canary-10-percent-30-minutes': LambdaDeploymentConfig.CANARY_10PERCENT_30MINUTES,
  'linear-10-percent-every-1-minute': LambdaDeploymentConfig.LINEAR_10PERCENT_EVERY_1MINUTE,
}

/**
 * Without CodeDeploy an alias moves at once, whatever rings: the way for the repair of a registry whose alarms ring already.
 * A first deployment makes the alias and moves nothing, so CodeDeploy comes in with the second. An alarm that has no data
 * yet stops nothing: only its state ALARM does.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
 * https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-create-alarms.html
 */
export function addRollouts(stack: Stack, rollout: Rollout, shifted: readonly Shifted[]): void {
  if (rollout === 'all-at-once') return
  const application = new LambdaApplication(stack, 'Rollouts')
  const role = roleFor(stack, shifted)
  for (const { alias, alarms } of shifted) {
    const group = new LambdaDeploymentGroup(stack, `${alias.lambda.node.id}Rollout`, {
      ...{ application, alias, alarms: [...alarms] },
      deploymentConfig: CONFIGS[rollout],
      // Else the CDK gives it AWS's own policy, which lets it move every alias of the account.
      role: role.withoutPolicyUpdates(),
      // One that an operator stops leaves an alias between two versions, and none after it begins:
      // https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-deployments-lambda.html
      autoRollback: { failedDeployment: true, deploymentInAlarm: true, stoppedDeployment: true },
    })
    group.node.addDependency(role)
  }
}

/**
 * What CodeDeploy's own policy for Lambda has (AWSCodeDeployRoleForLambdaLimited), on these functions alone, and without
 * what only hooks and revisions in S3 take. https://docs.aws.amazon.com/codedeploy/latest/userguide/managed-policies.html
 */
function roleFor(stack: Stack, shifted: readonly Shifted[]): Role {
  const role = new Role(stack, 'RolloutRole', { assumedBy: new ServicePrincipal('codedeploy.amazonaws.com') })
  // The alias itself waits for its group, and so for this role: its ARN is made of the function's.
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
      'It reads the states of alarms, and CloudWatch lets nobody read those of some alone: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/permissions-reference-cw.html',
  })
  return role
}
