// Makes a Lambda function with its own role. Without grants, the role may only write the function's log.

import { join } from 'node:path'
import { Duration, RemovalPolicy, Size, type Stack } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
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
  (name: FunctionName, spec: FunctionSpec): lambda.Function => {
    const id = capitalized(name)
    const logGroup = new LogGroup(stack, `${id}Log`, {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const role = new Role(stack, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    logGroup.grants.write(role)
    const { temporaryMegabytes } = spec
    return new lambda.Function(stack, id, {
      code: lambda.Code.fromAsset(join(bundles, name)),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      role,
      logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      memorySize: spec.memoryMegabytes,
      timeout: Duration.seconds(spec.timeoutSeconds),
      reservedConcurrentExecutions: spec.concurrency || undefined,
      ephemeralStorageSize: temporaryMegabytes ? Size.mebibytes(temporaryMegabytes) : undefined,
    })
  }

/** Ids of constructs: `signing-key` becomes `SigningKey`. */
export const capitalized = (name: string): string =>
  name.replaceAll(/(?:^|-)([a-z])/g, (_, a: string) => a.toUpperCase())
