// Secrets Manager: stores secrets and their versions in files that only this user can read.

import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Resource, Template } from './template/template.ts'
import { AwsError, authorize, member, type Operations } from './wire/aws-json.ts'
import { sha256 } from './wire/digest.ts'
import { readJson, writeJson } from './wire/files.ts'
import { type JsonObject, list, number, object } from './wire/json.ts'
import type { Clock, Principal } from './wire/types.ts'

/** The newest version is AWSCURRENT, and the one before it AWSPREVIOUS. Older ones are deleted. */
interface Version {
  readonly id: string
  readonly SecretString?: string
  /** base64 */
  readonly SecretBinary?: string
  /** seconds since the epoch */
  readonly created: number
}
interface Secret {
  readonly resource: Resource
  readonly file: string
}

export function createSecrets(options: { dir: string; template: Template; now: Clock }): Operations {
  const secrets = options.template.ofType('AWS::SecretsManager::Secret').map((resource) => {
    const digest = sha256(resource.name).slice(0, 16)
    const secret = { resource, file: join(options.dir, `${digest}.json`) }
    generate(secret, options.now)
    return secret
  })
  const operation =
    (action: string, answer: (secret: Secret, input: JsonObject) => JsonObject) =>
    (input: JsonObject, caller: Principal): JsonObject => {
      const id = member(input, 'SecretId')
      const secret = secrets.find(({ resource }) => id === resource.ref || id === resource.name)
      authorize(caller, `secretsmanager:${action}`, secret?.resource.ref ?? id)
      if (secret === undefined) throw notFound("Secrets Manager can't find the specified secret.")
      return answer(secret, input)
    }
  return {
    GetSecretValue: operation('GetSecretValue', getValue),
    PutSecretValue: operation('PutSecretValue', (secret, input) => putValue(secret, input, options.now)),
  }
}

const notFound = (message: string): AwsError => new AwsError('ResourceNotFoundException', message)
const identity = ({ resource }: Secret): JsonObject => ({ ARN: resource.ref, Name: resource.name })

function versions({ file }: Secret): readonly Version[] {
  const stored = readJson(file)
  return stored === undefined ? [] : (list(stored.versions, file) as unknown as Version[])
}

/** Returns the newest version. Functions never request another one. */
function getValue(secret: Secret, input: JsonObject): JsonObject {
  const unknown = Object.keys(input).filter((name) => name !== 'SecretId')
  if (unknown.length > 0)
    throw new AwsError('InvalidParameterException', `${unknown.join(', ')} is not known here`)
  const all = versions(secret)
  const [found] = all
  if (found === undefined)
    throw notFound("Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")
  const { id: VersionId, created: CreatedDate, ...value } = found
  return { ...identity(secret), ...value, VersionId, VersionStages: stages(all, found), CreatedDate }
}

const stages = (all: readonly Version[], version: Version): string[] =>
  [['AWSCURRENT'], ['AWSPREVIOUS']][all.indexOf(version)] ?? []

/** A repeated token with the same value changes nothing; with another value it is refused. */
function putValue(secret: Secret, input: JsonObject, now: Clock): JsonObject {
  const { SecretString, SecretBinary } = input
  if ((typeof SecretString === 'string') === (typeof SecretBinary === 'string'))
    throw new AwsError('InvalidParameterException', 'give either SecretString or SecretBinary')
  const id = typeof input.ClientRequestToken === 'string' ? input.ClientRequestToken : randomUUID()
  const value = typeof SecretString === 'string' ? { SecretString } : { SecretBinary: SecretBinary as string }
  const all = versions(secret)
  const before = all.find((version) => version.id === id)
  if (before !== undefined) {
    if (before.SecretString !== value.SecretString || before.SecretBinary !== value.SecretBinary)
      throw new AwsError('ResourceExistsException', `version ${id} exists with another value`)
    return { ...identity(secret), VersionId: id, VersionStages: stages(all, before) }
  }
  store(secret, [{ id, ...value, created: Math.floor(now() / 1000) }, ...all])
  return { ...identity(secret), VersionId: id, VersionStages: ['AWSCURRENT'] }
}

const store = ({ file }: Secret, all: readonly Version[]): void =>
  writeJson(file, { versions: all.slice(0, 2) }, { durable: true })

/** Generates the first value, if the template says so. */
function generate(secret: Secret, now: Clock): void {
  const { properties, logicalId } = secret.resource
  if (versions(secret).length > 0 || properties.GenerateSecretString === undefined) return
  const { PasswordLength = 32 } = object(properties.GenerateSecretString, logicalId)
  const length = number(PasswordLength, logicalId)
  const password = randomBytes(length).toString('base64url').slice(0, length)
  store(secret, [{ id: randomUUID(), SecretString: password, created: Math.floor(now() / 1000) }])
}
