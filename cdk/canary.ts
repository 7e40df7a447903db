// Makes the canary, if the settings name a probe: a scheduled function that requests that probe as a host does.

import { Duration, type Stack } from 'aws-cdk-lib'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction as Target } from 'aws-cdk-lib/aws-events-targets'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import { ENV } from '../lib/aws/resources.ts'
import type { Settings } from '../lib/model/settings.ts'
import type { functions } from './function.ts'
import type { GoLive } from './live.ts'

interface CanaryOptions {
  readonly make: ReturnType<typeof functions>
  readonly goLive: GoLive
  /** address of the registry */
  readonly url: string
  /** for events that EventBridge cannot deliver */
  readonly deadLetterQueue: Queue
}

/** The canary gets no permissions, because it requests only what any host may. `undefined`: the settings name no probe. */
export function addCanary(
  stack: Stack,
  { probe, everyMinutes }: Settings['cloud']['canary'],
  { make, goLive, url, deadLetterQueue }: CanaryOptions,
): LambdaFunction | undefined {
  if (probe === undefined) return undefined
  // Longer than PATIENCE_MS of lib/clients/canary.ts, because the last answer may be slow.
  const canary = make('canary', { memoryMegabytes: 512, timeoutSeconds: 150 })
  canary.addEnvironment(ENV.registryUrl, url)
  canary.addEnvironment(ENV.canaryProbe, probe)
  canary.addEnvironment(ENV.metricsNamespace, stack.stackName)
  new Rule(stack, 'CanaryRuns', {
    schedule: Schedule.rate(Duration.minutes(everyMinutes)),
    targets: [new Target(goLive(canary, { eventMinutes: 1, isRepeated: true }), { deadLetterQueue })],
  })
  return canary
}
