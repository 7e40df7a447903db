// Makes the queue for events that no function could handle or that were not delivered. An operator runs probe-registry replay.

import { Duration, type Stack } from 'aws-cdk-lib'
import type { IDestination } from 'aws-cdk-lib/aws-lambda'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { granting } from './grants.ts'
import { acknowledge } from './nag.ts'

/** `destination`: Lambda sends each event that it gives up there, with the function's own role. */
export function addFailures(stack: Stack) {
  const queue = new Queue(stack, 'FailedEvents', {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    // SQS allows no more: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
    retentionPeriod: Duration.days(14),
  })
  acknowledge(queue, {
    SQS3: 'It is the queue of failed events: only an operator reads it, and a further queue would have no other reader.',
  })
  const { grantTo } = granting({}, { tell: { actions: ['sqs:SendMessage'], resources: [queue.queueArn] } })
  const destination: IDestination = {
    bind: (_, fn) => {
      grantTo(fn as Parameters<typeof grantTo>[0], 'tell')
      return { destination: queue.queueArn }
    },
  }
  return { queue, destination }
}
