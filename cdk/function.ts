// Makes a Lambda function with its own role. Without grants, the role may only write the function's log.

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
  /** size of /tmp; default 512 */
  readonly temporaryMegabytes?: number
  /** reserved concurrency, which is also the limit; 0: none is reserved */
  readonly concurrency?: number
}

/** Defaults shared by all functions; callers pass only what differs. */
export const functions =
  (stack: Stack, bundles: string) =>
  (name: FunctionName, spec: FunctionSpec): LambdaFunction => {
    const id = capitalized(name)
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

/** Ids of constructs: `signing-key` becomes `SigningKey`. */
export const capitalized = (name: string): string =>
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
