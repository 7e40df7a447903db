// Submitted kernels in DynamoDB: each recorded once and never changed.

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { ProbeError } from '../model/errors.ts'
import { decodeKernel, encodeKernel } from '../model/kernel.ts'
import { TABLE_KEY } from '../model/keys.ts'
import type { Kernels } from '../model/ports.ts'

export function createKernels(client: DynamoDBDocumentClient, table: string): Kernels {
  async function recorded(id: string) {
    const { Item } = await client.send(
      new GetCommand({ TableName: table, Key: { [TABLE_KEY]: id }, ConsistentRead: true }),
    )
    return Item === undefined ? undefined : decodeKernel(String(Item.kernel))
  }
  return {
    recorded,
    async record(id, kernel) {
      const command = new PutCommand({
        TableName: table,
        Item: { [TABLE_KEY]: id, kernel: encodeKernel(kernel) },
        ConditionExpression: `attribute_not_exists(${TABLE_KEY})`,
      })
      try {
        await client.send(command)
        return kernel
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error
      }
      const first = await recorded(id)
      if (first === undefined)
        throw new ProbeError('misconfigured', `the record of the kernel ${id} vanished`)
      return first
    },
  }
}
