// Starts, watches and stops builds in CodeBuild.

import {
  BatchGetBuildsCommand,
  type Build,
  type BuildPhase,
  type CodeBuildClient,
  StartBuildCommand,
  type StatusType,
  StopBuildCommand,
} from '@aws-sdk/client-codebuild'
import { ProbeError, unless } from '../model/errors.ts'
import type { Builder, BuildLook, BuildOrder, BuildStatus, Phase } from '../model/ports.ts'
import type { Arch } from '../model/probe.ts'
import { brokeOffIn, type EndedPhase } from './build-phases.ts'
import { isNamed } from './conditional.ts'
import { BUILD_ENDS, BUILD_ENV } from './resources.ts'

const STATUS: Readonly<Record<StatusType, BuildStatus>> = { IN_PROGRESS: 'running', ...BUILD_ENDS }

/** Environment variables of a build. Everything else is in its job document. */
export const variablesOf = (order: BuildOrder) =>
  Object.entries({
    [BUILD_ENV.probeKey]: order.key,
    [BUILD_ENV.claim]: order.claim,
    [BUILD_ENV.jobUrl]: order.jobUrl,
    [BUILD_ENV.jobSha256]: order.jobSha256,
    [BUILD_ENV.stepsRoot]: order.stepsRoot,
    [BUILD_ENV.phase]: order.phase,
    ...(order.phase === 'load-test' ? { [BUILD_ENV.test]: String(order.test) } : {}),
  }).map(([name, value]) => ({ name, value, type: 'PLAINTEXT' as const }))

/** `projects`: the CodeBuild project of each phase and architecture. */
export function createBuilder(
  client: CodeBuildClient,
  projects: Readonly<Record<Phase, Readonly<Record<Arch, string>>>>,
): Builder {
  return {
    async start(order) {
      const { phase, key, probe } = order
      const command = new StartBuildCommand({
        projectName: projects[phase][probe.arch],
        idempotencyToken: tokenOf(order),
        environmentVariablesOverride: variablesOf(order),
      })
      const answer = await unless(isFull, client.send(command))
      if (answer === undefined) return undefined
      if (answer.build?.id !== undefined) return answer.build.id
      throw new ProbeError('misconfigured', `CodeBuild started a build of ${key} without an id`)
    },
    async look(buildId) {
      const { builds = [] } = await client.send(new BatchGetBuildsCommand({ ids: [buildId] }))
      return lookAt(builds[0])
    },
    async stop(buildId) {
      await client.send(new StopBuildCommand({ id: buildId }))
    },
  }
}

function lookAt({ buildStatus, phases = [] }: Build = {}): BuildLook {
  if (buildStatus === undefined) return { status: 'unknown' }
  const status = STATUS[buildStatus]
  if (status === 'running' || status === 'succeeded') return { status }
  return { status, brokeOff: brokeOffIn(phases.map(endedPhase)) }
}

const endedPhase = ({ phaseType, phaseStatus, contexts = [] }: BuildPhase): EndedPhase => ({
  type: phaseType ?? '',
  status: phaseStatus,
  said: contexts.map(({ statusCode, message = '' }) => (statusCode ? `${statusCode}: ${message}` : message)),
})

/** CodeBuild limits how many builds of an account run and wait: https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html */
const isFull = isNamed('AccountLimitExceededException')

/** Each claim and each of its load tests has one token, so a repeated call finds the build that an earlier call started. */
const tokenOf = (order: BuildOrder): string =>
  order.phase === 'build' ? order.claim : `${order.claim}-${order.phase}-${order.test}`
