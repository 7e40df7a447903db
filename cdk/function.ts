// One Lambda function with its own role, which may write its own log and nothing else until it is granted more.

import { join } from 'node:path'
import { Duration, RemovalPolicy, Size, type Stack } from 'aws-cdk-lib'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { FunctionName } from './bundle.ts'

interface FunctionSpec {
  readonly memoryMegabytes: number
  readonly timeoutSeconds: number
  /** of /tmp, where it needs more than 512 */
  readonly temporaryMegabytes?: number
  /** executions kept for it, which are also its most; 0 keeps none */
  readonly concurrency?: number
}

/** What each function file says is only what differs. */
export const functions =
  (stack: Stack, bundles: string) =>
  (name: FunctionName, spec: FunctionSpec): LambdaFunction => {
    const id = idOf(name)
    const logGroup = new LogGroup(stack, `${id}Log`, {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    return new LambdaFunction(stack, id, {
      code: Code.fromAsset(join(bundles, name)),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      role: roleThatLogs(stack, id, logGroup),
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      memorySize: spec.memoryMegabytes,
      timeout: Duration.seconds(spec.timeoutSeconds),
      ...(spec.concurrency ? { reservedConcurrentExecutions: spec.concurrency } : {}),
      ...(spec.temporaryMegabytes === undefined
        ? {}
        : { ephemeralStorageSize: Size.mebibytes(spec.temporaryMegabytes) }),
    })
  }

/** Of its constructs. */
export const idOf = (name: FunctionName): string =>
  name.replaceAll(/(?:^|-)([a-z])/g, (_, a: string) => a.toUpperCase())

function roleThatLogs(stack: Stack, id: string, logGroup: LogGroup): Role {
  const role = new Role(stack, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
  role.addToPolicy(
    new PolicyStatement({
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    }),
  )
  return role
}
