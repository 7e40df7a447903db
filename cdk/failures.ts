// Where an event ends that its function could not handle, or that could not be handed to it: one queue, until an operator
// has seen it (probe-registry replay).

import { Duration, type Stack } from 'aws-cdk-lib'
import type { IDestination } from 'aws-cdk-lib/aws-lambda'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { granting } from './grants.ts'
import { acknowledge } from './nag.ts'

interface Failures {
  readonly queue: Queue
  /** Lambda tells it of each event of that function that it gives up, by the function's own role. */
  readonly destination: IDestination
}

/** SQS keeps nothing longer. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html */
const LONGEST = Duration.days(14)

export function addFailures(stack: Stack): Failures {
  const queue = new Queue(stack, 'FailedEvents', {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: LONGEST,
  })
  acknowledge(queue, {
    SQS3: 'It is where failed events end: nothing reads it but an operator, and a queue behind it would have no other reader.',
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
