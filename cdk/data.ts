// The stack of what must not be lost: tables, buckets and the key's secret. All else can be destroyed and deployed anew beside it.

import { CfnOutput, type Stack } from 'aws-cdk-lib'
import type { Settings } from '../lib/model/settings.ts'
import { addBuckets } from './buckets.ts'
import { addSigningKey } from './signing-key.ts'
import { addTables } from './tables.ts'

export type Data = ReturnType<typeof addData>

export function addData(stack: Stack, { cloud }: Settings, isProtected: boolean) {
  const data = {
    ...addTables(stack, isProtected),
    ...addBuckets(stack, cloud.edge.distribution),
    signingKey: addSigningKey(stack, cloud.deployment),
  }
  const { tables, buckets, signingKey } = data
  for (const [name, { tableName, tableArn }] of Object.entries(tables)) {
    give(stack, `${named(name)}Table`, tableName)
    stack.exportValue(tableArn)
  }
  for (const [name, { bucketName, bucketArn }] of Object.entries(buckets)) {
    give(stack, `${named(name)}Bucket`, bucketName)
    stack.exportValue(bucketArn)
  }
  give(stack, 'SigningKeySecretArn', signingKey.secret.ref)
  return data
}

/**
 * As an output for the operator, and as an export for the other stack. All are exported, whoever uses them today:
 * CloudFormation deploys this stack first, and lets no export go that the other one as it still is imports.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
 */
function give(stack: Stack, output: string, name: string): void {
  new CfnOutput(stack, output, { value: name })
  stack.exportValue(name)
}

const named = (name: string): string => `${name[0]!.toUpperCase()}${name.slice(1)}`
