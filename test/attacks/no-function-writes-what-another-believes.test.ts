// An attacker who controls one function has its credentials. Tests the objects and secrets that each function can reach.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { loadTemplate, type Template } from '../../local/template/template.ts'
import { scratch, sh } from '../support/registry/registry.ts'

let work: Awaited<ReturnType<typeof scratch>>
let stack: Stack
let template: Template

beforeAll(async () => {
  work = await scratch()
  const assembly = join(work.dir, 'cdk.out')
  await sh('env', [`CDK_OUTDIR=${assembly}`, 'PROBE_LOCAL=1', process.execPath, 'cdk/app.ts'])
  await grantEveryoneTheSecret(assembly)
  stack = await startStack({ assembly, dataDir: join(work.dir, 'data'), port: 0 })
  template = loadTemplate(assembly, { publicUrl: stack.url })
}, 60_000)

afterAll(async () => {
  await stack.stop()
  await work.remove()
})

/** Adds a careless grant, which the secret's own policy must override. */
async function grantEveryoneTheSecret(assembly: string): Promise<void> {
  const file = join(assembly, 'ProbeRegistry.template.json')
  const { Resources, ...rest } = JSON.parse(await readFile(file, 'utf8'))
  const { Properties: policy } = Object.values<Raw>(Resources).find(
    ({ Type }) => Type === 'AWS::SecretsManager::ResourcePolicy',
  )!
  for (const { Type, Properties } of Object.values<Raw>(Resources)) {
    if (Type !== 'AWS::IAM::Policy') continue
    const all = { Effect: 'Allow', Action: 'secretsmanager:*', Resource: policy.SecretId }
    Properties.PolicyDocument?.Statement.push(all)
  }
  await writeFile(file, JSON.stringify({ Resources, ...rest }))
}
interface Raw {
  readonly Type: string
  readonly Properties: {
    readonly PolicyDocument?: { readonly Statement: unknown[] }
    readonly SecretId?: unknown
  }
}

const named = (type: string, id: string) => {
  const found = template.ofType(type).filter(({ logicalId }) => logicalId.startsWith(id))
  if (found.length !== 1) throw new Error(`${found.length} resources of ${type} are called ${id}`)
  return found[0]!
}

/** The real credentials of a function's role. */
function credentialsOf(role: string) {
  const principal = stack.roles.assume(named('AWS::IAM::Role', `${role}Role`).arn!, 'lambda.amazonaws.com')
  const { accessKeyId, secretAccessKey, sessionToken } = principal
  return { accessKeyId, secretAccessKey, sessionToken }
}

const client = (role: string) =>
  new S3Client({
    region: 'us-east-1',
    endpoint: stack.endpoints.AWS_ENDPOINT_URL_S3!,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: credentialsOf(role),
  })

const secrets = (role: string) =>
  new SecretsManagerClient({
    region: 'us-east-1',
    endpoint: stack.endpoints.AWS_ENDPOINT_URL_SECRETS_MANAGER!,
    maxAttempts: 1,
    credentials: credentialsOf(role),
  })

const bucket = (id: string) => named('AWS::S3::Bucket', id).name
/** The name of the error, or `done`. */
const outcome = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error: Error) => error.name,
  )
const put = (role: string, into: string, Key: string, once = false) =>
  outcome(
    client(role).send(
      new PutObjectCommand({
        Bucket: bucket(into),
        Key,
        Body: role,
        ...(once ? { IfNoneMatch: '*' } : {}),
      }),
    ),
  )

const RECORD = `kernels/${'a'.repeat(64)}/x86_64/vanilla_6.1.54_1`
const INPUT = `sha256/${'b'.repeat(64)}`
const SUBMITTED = `submitted/${'b'.repeat(64)}`
const PROBE = `driver/1.0.0/x86_64/falco_debian_6.1_1.ko/${'c'.repeat(64)}/falco_debian_6.1_1.ko`
const CONFIG_PROBE = `config/${'a'.repeat(64)}/1.0.0/x86_64/falco_vanilla_6.1_1.ko`

describe('submit', () => {
  test.each([RECORD, SUBMITTED])('writes %s once, and never replaces it', async (key) => {
    expect(await put('Submit', 'Inputs', key, true)).toBe('done')
    expect(await put('Submit', 'Inputs', key)).toBe('AccessDenied')
    expect(await put('Submit', 'Inputs', key, true)).toBe('PreconditionFailed')
  })

  test.each([
    ['metadata/x.json', 'Inputs'],
    ['trees/x', 'Inputs'],
    ['images/x', 'Inputs'],
    [INPUT, 'Inputs'],
    ['anything', 'Inputs'],
    [PROBE, 'Artifacts'],
    ['keys/falco-probes.asc', 'Artifacts'],
    ['claim/plan.json', 'Staging'],
  ])('cannot write %s in %s, which others trust', async (key, into) => {
    expect(await put('Submit', into, key)).toBe('AccessDenied')
    expect(await put('Submit', into, key, true)).toBe('AccessDenied')
  })
})

describe('plan', () => {
  test.each([
    ['metadata/y.json', 'Inputs'],
    ['claim/plan.json', 'Staging'],
    ['claim/probe', 'Staging'],
    ['claim/load-test-1/verdict', 'Staging'],
  ])('writes %s in %s once', async (key, into) => {
    expect(await put('Plan', into, key)).toBe('AccessDenied')
    expect(await put('Plan', into, key, true)).toBe('done')
    expect(await put('Plan', into, key)).toBe('AccessDenied')
  })

  test('may replace the logs of builds and of load tests', async () => {
    for (const key of ['claim/log', 'claim/load-test-1/log'])
      for (const _ of [1, 2]) expect(await put('Plan', 'Staging', key)).toBe('done')
  })

  test.each(['trees/y', 'images/y', RECORD, SUBMITTED])('cannot write %s', async (key) => {
    expect(await put('Plan', 'Inputs', key, true)).toBe('AccessDenied')
  })
})

describe('publish', () => {
  test.each([PROBE, CONFIG_PROBE, 'apt/pool/a.deb', 'rpm/a.rpm', 'oci/by-hash/a'])(
    'publishes %s once',
    async (key) => {
      expect(await put('Publish', 'Artifacts', key)).toBe('AccessDenied')
      expect(await put('Publish', 'Artifacts', key, true)).toBe('done')
      expect(await put('Publish', 'Artifacts', key)).toBe('AccessDenied')
      expect(await put('Publish', 'Artifacts', key, true)).toBe('PreconditionFailed')
      const { Body } = await client('Resolve').send(
        new GetObjectCommand({ Bucket: bucket('Artifacts'), Key: key }),
      )
      expect(await Body?.transformToString()).toBe('Publish')
    },
  )

  test.each([
    ['keys/falco-probes.asc', 'Artifacts'],
    ['keys/another.asc', 'Artifacts'],
    ['metadata/z.json', 'Inputs'],
    ['kernels/z', 'Inputs'],
    [INPUT, 'Inputs'],
    [SUBMITTED, 'Inputs'],
    ['claim/plan.json', 'Staging'],
  ])('cannot write %s in %s', async (key, into) => {
    expect(await put('Publish', into, key)).toBe('AccessDenied')
    expect(await put('Publish', into, key, true)).toBe('AccessDenied')
  })
})

describe('the table of sources', () => {
  const item = (role: string, key: string) => {
    const table = new DynamoDBClient({
      region: 'us-east-1',
      endpoint: stack.endpoints.AWS_ENDPOINT_URL_DYNAMODB!,
      maxAttempts: 1,
      credentials: credentialsOf(role),
    })
    const Key = { id: { S: key } }
    const TableName = named('AWS::DynamoDB::Table', 'Sources').name
    const set = { UpdateExpression: 'SET a = :a', ExpressionAttributeValues: { ':a': { S: 'a' } } }
    return Promise.all([
      outcome(table.send(new GetItemCommand({ TableName, Key }))),
      outcome(table.send(new UpdateItemCommand({ TableName, Key, ...set }))),
    ])
  }

  test.each(['10.2.0+driver', '~drivers', '~list/bookworm', '~linux/6.1', '~apt', 'apt/1'])(
    'keeps the records for builds out of reach of publish, which may write its own lists of packages there: %s',
    async (key) => {
      expect(await item('Publish', key)).toEqual(['AccessDeniedException', 'AccessDeniedException'])
    },
  )

  test.each([
    '~apt/10.2.0+driver',
    '~rpm/10.2.0+driver',
    '~apt/',
    '~oci/@sha256:a',
    '~oci/probes/scap/1:debian_6.1_1',
  ])('lets publish write %s, and lets resolve only read it', async (key) => {
    expect(await item('Publish', key)).toEqual(['done', 'done'])
    expect(await item('Resolve', key)).toEqual(['done', 'AccessDeniedException'])
  })
})

describe('the function that makes the key', () => {
  test('cannot write a probe or another key', async () => {
    expect(await put('SigningKey', 'Artifacts', PROBE, true)).toBe('AccessDenied')
    expect(await put('SigningKey', 'Artifacts', 'keys/another.asc', true)).toBe('AccessDenied')
  })
})

describe('the secret of the key', () => {
  const SecretId = () => named('AWS::SecretsManager::Secret', 'SigningKeySecret').ref
  const read = (role: string) =>
    outcome(secrets(role).send(new GetSecretValueCommand({ SecretId: SecretId() })))
  const write = (role: string) =>
    outcome(secrets(role).send(new PutSecretValueCommand({ SecretId: SecretId(), SecretString: role })))

  test('is read only by publish and written only by its maker, whatever else is granted to others', async () => {
    expect(await read('Publish')).toBe('done')
    for (const role of ['Resolve', 'Wait', 'Direct', 'Submit', 'V1', 'Plan', 'Sweep', 'SigningKey'])
      expect(`${role} ${await read(role)}`).toBe(`${role} AccessDeniedException`)
    for (const role of ['Resolve', 'Wait', 'Direct', 'Submit', 'V1', 'Plan', 'Sweep', 'Publish'])
      expect(`${role} ${await write(role)}`).toBe(`${role} AccessDeniedException`)
    expect(await write('SigningKey')).toBe('done')
  })
})
