// Fills the stack of functions: their permissions and their triggers. Another stack contains the data (data.ts).

import { CfnOutput, type Stack } from 'aws-cdk-lib'
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch'
import type { Alias, IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { ENV } from '../lib/aws/resources.ts'
import { SETTINGS_ROOM, settingsText } from '../lib/aws/settings-text.ts'
import { type AllSettings, DEFAULTS } from '../lib/kernels/settings.ts'
import { reservedFor } from '../lib/model/concurrency.ts'
import { eachOf } from '../lib/model/each.ts'
import { NETWORK } from '../lib/model/network.ts'
import { difference } from '../lib/model/overlay.ts'
import { ANSWERING } from '../lib/names/routes.ts'
import { addTopic, alarms } from './alarm.ts'
import {
  watchApi,
  watchBuilds,
  watchCanary,
  watchClaims,
  watchFailures,
  watchFunctions,
  watchKeys,
  watchTables,
} from './alarms.ts'
import { addApi } from './api.ts'
import { addBuilds } from './builds.ts'
import { addCanary } from './canary.ts'
import { addDashboard } from './dashboard.ts'
import type { Data } from './data.ts'
import { addEdge } from './edge.ts'
import { addBus, addRules } from './events.ts'
import { addFailures } from './failures.ts'
import { functions } from './function.ts'
import { live } from './live.ts'
import { addRollouts, type Shifted } from './rollout.ts'
import { makeSigningKey } from './signing-key.ts'

export interface RegistryOptions {
  readonly data: Data
  /** folder that contains the bundled functions */
  readonly bundles: string
}

export function addRegistry(stack: Stack, settings: AllSettings, { data, bundles }: RegistryOptions): void {
  const { tables, probes, budgets, sources, artifacts, staging, inputs, roots, signingKey } = data
  const { eventBus, bus } = addBus(stack)
  const { builds, projects } = addBuilds(stack, settings)
  const failures = addFailures(stack)
  const make = functions(stack, bundles)
  const reserved = reservedFor(settings.cloud)
  const mayResolve = (fn: LambdaFunction): void => {
    probes.grantTo(fn, 'read', 'write', 'list open')
    inputs.grantTo(fn, 'read kernels', 'tell absent')
    sources.grantTo(fn, 'read')
    budgets.grantTo(fn, 'look', 'spend')
    artifacts.grantTo(fn, 'read')
    staging.grantTo(fn, 'read logs')
    bus.grantTo(fn, 'emit')
  }

  const resolve = make('resolve', { memoryMegabytes: 512, timeoutSeconds: 10 })
  mayResolve(resolve)
  // Clients may ask for a package list by an unknown digest.
  artifacts.grantTo(resolve, 'tell absent')

  const wait = make('wait', { memoryMegabytes: 256, timeoutSeconds: 29, concurrency: reserved.wait })
  // `wait` records signs of life of waiting clients, and sends events again.
  probes.grantTo(wait, 'read', 'write', 'list open')
  budgets.grantTo(wait, 'look', 'spend')
  artifacts.grantTo(wait, 'read')
  bus.grantTo(wait, 'emit')

  const direct = make('direct', { memoryMegabytes: 512, timeoutSeconds: 29, concurrency: reserved.direct })
  mayResolve(direct)

  const submit = make('submit', { memoryMegabytes: 1024, timeoutSeconds: 29 })
  probes.grantTo(submit, 'read', 'write')
  budgets.grantTo(submit, 'look', 'spend')
  inputs.grantTo(submit, 'keep submitted', 'read submitted', 'record kernels', 'read kernels', 'tell absent')
  sources.grantTo(submit, 'read')
  bus.grantTo(submit, 'emit')

  const v1 = make('v1', { memoryMegabytes: 512, timeoutSeconds: 29, concurrency: reserved.v1 })
  probes.grantTo(v1, 'read', 'write', 'list', 'list by release')
  sources.grantTo(v1, 'read')
  budgets.grantTo(v1, 'look', 'spend')
  bus.grantTo(v1, 'emit')

  const plan = make('plan', { memoryMegabytes: 1536, timeoutSeconds: 120 })
  probes.grantTo(plan, 'read', 'write', 'list open')
  budgets.grantTo(plan, 'look', 'spend')
  sources.grantTo(plan, 'read', 'record', 'list drivers')
  inputs.grantTo(plan, 'read', 'keep', 'keep lists', 'tell absent')
  staging.grantTo(plan, 'read', 'create', 'write logs')
  builds.grantTo(plan, 'start', 'stop')
  roots.grantTo(plan, 'read', 'tell absent')
  bus.grantTo(plan, 'emit')

  const compose = make('compose', { memoryMegabytes: 3008, timeoutSeconds: 600, temporaryMegabytes: 4096 })
  roots.grantTo(compose, 'read', 'keep', 'tell absent')
  inputs.grantTo(compose, 'read', 'keep lists', 'tell absent')
  sources.grantTo(compose, 'read', 'list drivers')

  const publish = make('publish', { memoryMegabytes: 1024, timeoutSeconds: 120 })
  probes.grantTo(publish, 'read', 'write', 'list open')
  budgets.grantTo(publish, 'look', 'spend')
  staging.grantTo(publish, 'read', 'tell absent')
  artifacts.grantTo(publish, 'create', 'read to package')
  sources.grantTo(publish, 'point')
  inputs.grantTo(publish, 'keep trees and images')
  signingKey.grantTo(publish, 'read')
  signingKey.kms?.grantTo(publish, 'read')
  bus.grantTo(publish, 'emit')
  builds.grantTo(publish, 'follow', 'stop')

  const sweep = make('sweep', { memoryMegabytes: 256, timeoutSeconds: 60 })
  probes.grantTo(sweep, 'list open')
  bus.grantTo(sweep, 'emit')

  const keyMaker = make('signing-key', { memoryMegabytes: 1024, timeoutSeconds: 120 })
  signingKey.grantTo(keyMaker, 'write')
  signingKey.kms?.grantTo(keyMaker, 'write')
  signingKey.copies?.grantTo(keyMaker, 'write')
  artifacts.grantTo(keyMaker, 'read public key', 'tell absent', 'write public key')
  makeSigningKey(stack, { signingKey, keyMaker, publish })

  addSettings(settings, plan, compose)
  // These functions read no mirrors, so they do not get a proxy's password.
  addSettings({ ...settings, network: NETWORK }, resolve, wait, direct, submit, v1, publish)

  const answering = { resolve, wait, direct, submit, v1 }
  const goLive = live(failures.destination)
  const liveAnswering = eachOf(ANSWERING, (name) => goLive(answering[name]))
  const liveHandling = {
    plan: goLive(plan, { eventMinutes: 5 }),
    compose: goLive(compose, { eventMinutes: 30 }),
    publish: goLive(publish, { eventMinutes: 60 }),
    sweep: goLive(sweep, { eventMinutes: 1, isRepeated: true }),
  }

  const { api, url: apiUrl, accessLog } = addApi(stack, liveAnswering, settings)
  const published = data.buckets.artifacts
  const url = addEdge(stack, settings.cloud.edge, { api, answering, published }) ?? apiUrl
  const deadLetterQueue = failures.queue
  const canary = addCanary(stack, settings.cloud.canary, { make, goLive, url, deadLetterQueue })
  const { overdue } = addRules(stack, { eventBus, projects, deadLetterQueue, to: liveHandling })

  const watched = { ...answering, plan, compose, publish, sweep }
  const topic = addTopic(stack, settings.cloud.alarmMails)
  const alarm = alarms(stack, topic)
  const errors = watchFunctions(alarm, watched)
  const serverErrors = watchApi(alarm, accessLog)
  watchBuilds(alarm, publish.logGroup)
  watchKeys(alarm, plan.logGroup)
  watchClaims(alarm, eventBus, overdue)
  watchTables(alarm, tables)
  watchFailures(alarm, failures.queue)
  if (canary !== undefined) watchCanary(alarm, stack.stackName, settings.cloud.canary.everyMinutes)
  for (const fn of [resolve, plan, publish, sweep]) fn.addEnvironment(ENV.metricsNamespace, stack.stackName)
  addRollouts(stack, settings.cloud.deployment.rollout, [
    ...shifted(liveAnswering, errors, [serverErrors]),
    ...shifted(liveHandling, errors),
  ])
  addDashboard(stack, api, { resolve, wait, plan, publish, canary })

  new CfnOutput(stack, 'Url', { value: url, description: 'The registry' })
  new CfnOutput(stack, 'FailedEventsQueue', {
    value: failures.queue.queueUrl,
    description: 'Events that no function could handle, for probe-registry replay --queue',
  })
  new CfnOutput(stack, 'AlarmTopicArn', {
    value: topic.topicArn,
    description: 'Subscribe to it for alarms, as the mail addresses of cloud.alarmMails do',
  })
  new CfnOutput(stack, 'EventBusName', { value: eventBus.eventBusName })
  new CfnOutput(stack, 'AccessLogGroup', { value: accessLog.logGroupName })
  for (const { node, ref } of projects) new CfnOutput(stack, `${node.id}Project`, { value: ref })
  for (const fn of [...Object.values(watched), canary, keyMaker]) {
    if (fn === undefined) continue
    const { node, functionName, logGroup } = fn
    new CfnOutput(stack, `${node.id}Function`, { value: functionName })
    new CfnOutput(stack, `${node.id}LogGroup`, { value: logGroup.logGroupName })
  }
}

const shifted = (
  aliases: Readonly<Record<string, Alias>>,
  errors: ReadonlyMap<IFunction, Alarm>,
  more: readonly Alarm[] = [],
): Shifted[] =>
  Object.values(aliases).map((alias) => ({ alias, alarms: [errors.get(alias.lambda)!, ...more] }))

/** Stores only differences from the defaults, which are in each bundle. */
function addSettings({ cloud, ...others }: AllSettings, ...functions: LambdaFunction[]): void {
  const { deployment } = DEFAULTS.cloud
  const text = settingsText(difference(DEFAULTS, { ...others, cloud: { ...cloud, deployment } }))
  const bytes = Buffer.byteLength(text)
  if (bytes > SETTINGS_ROOM) {
    throw new Error(
      `the changed settings take ${bytes} bytes, compressed, and ${SETTINGS_ROOM} fit: shorten the longest list`,
    )
  }
  for (const fn of functions) fn.addEnvironment(ENV.settings, text)
}
