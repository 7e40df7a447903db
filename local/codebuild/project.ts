// One CodeBuild project of the template, checked for what this machine can do of it.

import type { Roles } from '../iam/roles.ts'
import type { Resource } from '../template/template.ts'
import { list, number, object, string } from '../wire/json.ts'
import type { Variable } from './builds.ts'
import { type BuildSpec, parseBuildSpec } from './buildspec.ts'

export interface Project {
  readonly name: string
  readonly spec: BuildSpec
  readonly variables: readonly Variable[]
  readonly timeoutMs: number
  readonly queuedTimeoutMs: number
  /** why no build of it can run on this machine */
  readonly impossible: string | undefined
}

const MINUTE = 60_000
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
  const unknown = Object.keys(environment).filter((key) => !ENVIRONMENT.includes(key))
  if (unknown.length > 0) throw new Error(`${logicalId}.Environment: ${unknown.join(', ')} is not known here`)
  const source = object(properties.Source, `${logicalId}.Source`)
  if (source.Type !== 'NO_SOURCE' || object(properties.Artifacts, logicalId).Type !== 'NO_ARTIFACTS')
    throw new Error(`${logicalId}: only projects without source and artifacts are known here`)
  return {
    name,
    spec: parseBuildSpec(string(source.BuildSpec, `${logicalId}.BuildSpec`), `${logicalId}.BuildSpec`),
    variables: list(environment.EnvironmentVariables ?? [], logicalId).map((entry) => {
      const { Name, Value, Type } = object(entry, logicalId)
      if (Type !== undefined && Type !== 'PLAINTEXT')
        throw new Error(`${logicalId}: only PLAINTEXT variables are known here`)
      return { name: string(Name, logicalId), value: string(Value, logicalId), type: 'PLAINTEXT' as const }
    }),
    timeoutMs: number(properties.TimeoutInMinutes ?? 60, logicalId) * MINUTE,
    queuedTimeoutMs: number(properties.QueuedTimeoutInMinutes ?? 480, logicalId) * MINUTE,
    impossible: otherArch(string(environment.Type, logicalId)),
  }
}

function otherArch(type: string): string | undefined {
  const arch = ARCHES[type]
  if (arch === undefined) throw new Error(`environment type ${type} is not known here`)
  if (arch === process.arch) return undefined
  const names: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' }
  const own = names[process.arch] ?? process.arch
  return `this machine is ${own}, and the settings have such builds run on one of ${names[arch]}: set build.machines to ${own} for both architectures, and a cross compiler of this machine builds them, or run the registry on a machine of ${names[arch]}`
}
