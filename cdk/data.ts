// Fills the stack of data: tables, buckets and the key's secret. It stays if the other stack is destroyed and deployed again.

import { CfnOutput, type Stack } from 'aws-cdk-lib'
import type { Settings } from '../lib/model/settings.ts'
import { addBuckets } from './buckets.ts'
import { capitalized } from './function.ts'
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
    give(stack, `${capitalized(name)}Table`, tableName)
    stack.exportValue(tableArn)
  }
  for (const [name, { bucketName, bucketArn }] of Object.entries(buckets)) {
    give(stack, `${capitalized(name)}Bucket`, bucketName)
    stack.exportValue(bucketArn)
  }
  give(stack, 'SigningKeySecretArn', signingKey.secret.ref)
  return data
}

/**
 * Makes an output for the operator, and an export for the other stack. Exports all values, even unused ones: CloudFormation
 * deploys this stack first, and refuses to remove an export that the other stack still imports.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
 */
function give(stack: Stack, output: string, name: string): void {
  new CfnOutput(stack, output, { value: name })
  stack.exportValue(name)
}
