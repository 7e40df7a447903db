// Parses one CodeBuild project of the template, and checks that this machine supports it.

import type { Roles } from '../iam/roles.ts'
import type { Resource } from '../template/template.ts'
import { type JsonObject, list, number, object, string } from '../wire/json.ts'
import type { Variable } from './builds.ts'
import { type BuildSpec, only, parseBuildSpec } from './buildspec.ts'

export interface Project {
  readonly name: string
  readonly spec: BuildSpec
  readonly variables: readonly Variable[]
  readonly timeoutMs: number
  readonly queuedTimeoutMs: number
  /** https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ProjectEnvironment.html */
  readonly privileged: boolean
  /** why this machine cannot run its builds; undefined if it can */
  readonly impossible: string | undefined
}

const MINUTE = 60_000
/** maximum characters of a variable's value */
const MAX_VALUE = 4096
const ARCHES: Readonly<Record<string, string>> = { LINUX_CONTAINER: 'x64', ARM_CONTAINER: 'arm64' }
const ENVIRONMENT = [
  'ComputeType',
  'EnvironmentVariables',
  'Image',
  'ImagePullCredentialsType',
  'PrivilegedMode',
  'Type',
]

export function openProject({ properties, logicalId, name }: Resource, roles: Roles): Project {
  roles.assume(string(properties.ServiceRole, `${logicalId}.ServiceRole`), 'codebuild.amazonaws.com')
  const environment = object(properties.Environment, `${logicalId}.Environment`)
  only(environment, ENVIRONMENT, `${logicalId}.Environment`)
  const source = object(properties.Source, `${logicalId}.Source`)
  if (source.Type !== 'NO_SOURCE' || object(properties.Artifacts, logicalId).Type !== 'NO_ARTIFACTS')
    throw new Error(`${logicalId}: only projects without source and artifacts are known here`)
  checkImage(environment, logicalId)
  return {
    name,
    spec: parseBuildSpec(string(source.BuildSpec, `${logicalId}.BuildSpec`), `${logicalId}.BuildSpec`),
    privileged: (environment.PrivilegedMode ?? false) === true,
    variables: list(environment.EnvironmentVariables ?? [], logicalId).map((entry) => {
      const { Name, Value, Type } = object(entry, logicalId)
      if (Type !== undefined && Type !== 'PLAINTEXT')
        throw new Error(`${logicalId}: only PLAINTEXT variables are known here`)
      return variableOf(string(Name, logicalId), string(Value, logicalId))
    }),
    timeoutMs: number(properties.TimeoutInMinutes ?? 60, logicalId) * MINUTE,
    queuedTimeoutMs: number(properties.QueuedTimeoutInMinutes ?? 480, logicalId) * MINUTE,
    impossible: otherArch(string(environment.Type, logicalId)),
  }
}

/**
 * Validates a variable; throws CodeBuild's message. Names that begin with CODEBUILD_ are reserved:
 * https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html. The maximum length is not documented, but
 * StartBuild reports it in its error.
 */
export function variableOf(name: string, value: string): Variable {
  if (name === '') throw new Error('EnvironmentVariable name should not be empty')
  if (name.startsWith('CODEBUILD_'))
    throw new Error(`EnvironmentVariable name ${name} should not start with CODEBUILD_, which is reserved`)
  if (value.length > MAX_VALUE)
    throw new Error(
      `EnvironmentVariable should be at most ${MAX_VALUE} characters: ${name} has ${value.length}`,
    )
  return { name, value, type: 'PLAINTEXT' }
}

/** CodeBuild's own images need its own credentials: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ProjectEnvironment.html */
function checkImage({ Image, ImagePullCredentialsType = 'CODEBUILD' }: JsonObject, logicalId: string): void {
  const image = string(Image, `${logicalId}.Environment.Image`)
  const puller = string(ImagePullCredentialsType, `${logicalId}.Environment.ImagePullCredentialsType`)
  if (puller !== 'CODEBUILD' && puller !== 'SERVICE_ROLE')
    throw new Error(`${logicalId}: ImagePullCredentialsType ${puller} is not known here`)
  if (image.startsWith('aws/codebuild/') && puller !== 'CODEBUILD')
    throw new Error(
      `${logicalId}: ${image} is CodeBuild's own, so ImagePullCredentialsType must be CODEBUILD`,
    )
}

function otherArch(type: string): string | undefined {
  const arch = ARCHES[type]
  if (arch === undefined) throw new Error(`environment type ${type} is not known here`)
  if (arch === process.arch) return undefined
  const names: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' }
  const own = names[process.arch] ?? process.arch
  return `this machine is ${own}, but the settings run such builds on ${names[arch]}: set build.machines to ${own} for both architectures, so that this machine cross-compiles them, or run the registry on a ${names[arch]} machine`
}
