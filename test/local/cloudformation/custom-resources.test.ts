import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../../local/wire/json.ts'
import { allow, route, startedStack, temporaryFolder, writeAssembly } from '../../support/local/assembly.ts'

/** Records each request, and stores a secret. */
const MAKER = `
const { appendFileSync } = require('node:fs')
const { SecretsManagerClient, PutSecretValueCommand } = require('@aws-sdk/client-secrets-manager')
const client = new SecretsManagerClient({ maxAttempts: 1 })
exports.handler = async ({ RequestType, ResourceProperties, PhysicalResourceId, OldResourceProperties, ResponseURL, StackId, RequestId, LogicalResourceId }) => {
  appendFileSync(process.env.NOTES, JSON.stringify({ RequestType, PhysicalResourceId, old: OldResourceProperties?.Generation }) + '\\n')
  const secret = { SecretId: process.env.SECRET, SecretString: 'word ' + ResourceProperties.Generation, ClientRequestToken: 'token-of-32-characters-and-more-' + ResourceProperties.Generation }
  await client.send(new PutSecretValueCommand(secret))
  await client.send(new PutSecretValueCommand(secret))
  const Status = RequestType !== 'Delete' && ResourceProperties.Generation === 'bad' ? 'FAILED' : 'SUCCESS'
  const made = RequestType === 'Create' ? 'made' : ResourceProperties.Generation === 'other' ? 'another' : PhysicalResourceId
  const common = { StackId, RequestId, LogicalResourceId }
  const Data = ResourceProperties.Generation === 'long' && RequestType === 'Create' ? { long: 'x'.repeat(4096) } : {}
  await fetch(ResponseURL, { method: 'PUT', body: JSON.stringify({ ...common, Status, Reason: 'because', PhysicalResourceId: made, Data }) })
}`

const READER = `
const { SecretsManagerClient, GetSecretValueCommand } = require('@aws-sdk/client-secrets-manager')
const client = new SecretsManagerClient({ maxAttempts: 1 })
exports.handler = async () => {
  try { return (await client.send(new GetSecretValueCommand({ SecretId: process.env.SECRET }))).SecretString } catch (error) { return error.name }
}`

async function lab(folder: string, generation: string, readable = true) {
  const notes = join(folder, 'notes')
  const properties = { Environment: { Variables: { SECRET: { Ref: 'Secret' }, NOTES: notes } } }
  const assembly = await writeAssembly(
    join(folder, 'cdk.out'),
    {
      Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { Description: 'word' } },
      Made: {
        Type: 'Custom::Word',
        Properties: { ServiceToken: { 'Fn::GetAtt': ['Maker', 'Arn'] }, Generation: generation },
      },
      ...route('Reader', '$default', 'Reader'),
    },
    {
      Maker: {
        code: MAKER,
        properties,
        statements: [allow('secretsmanager:PutSecretValue', { Ref: 'Secret' })],
      },
      Reader: {
        code: READER,
        properties,
        statements: readable ? [allow('secretsmanager:GetSecretValue', { Ref: 'Secret' })] : [],
      },
    },
  )
  const start = () => startedStack({ assembly, dataDir: join(folder, 'data') })
  const noted = () =>
    readFileSync(notes, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as JsonObject)
  return { start, noted }
}

test('a custom resource is created once, and updated when its properties change', async () => {
  const folder = temporaryFolder()
  const { start, noted } = await lab(folder, '1')
  const first = await start()
  expect(await (await fetch(first.url)).text()).toBe('word 1')
  await first.stop()
  await (await start()).stop()
  expect(noted()).toEqual([{ RequestType: 'Create' }])
  const changed = await (await lab(folder, '2')).start()
  expect(noted()[1]).toEqual({ RequestType: 'Update', PhysicalResourceId: 'made', old: '1' })
  expect(await (await fetch(changed.url)).text()).toBe('word 2')
})

test('a custom resource that fails ends the start and is deleted, and the next start creates it', async () => {
  const folder = temporaryFolder()
  const { start, noted } = await lab(folder, 'bad')
  await expect(start()).rejects.toThrow(/Made failed: because/)
  await expect(start()).rejects.toThrow(/Made failed: because/)
  const tried = [{ RequestType: 'Create' }, { RequestType: 'Delete', PhysicalResourceId: 'made' }]
  expect(noted()).toEqual([...tried, ...tried])
})

test('a custom resource with an unreadable answer is deleted under a generated physical ID', async () => {
  const folder = temporaryFolder()
  const { start, noted } = await lab(folder, 'long')
  await expect(start()).rejects.toThrow(/Made failed: Response object is too long/)
  const [, deleted] = noted()
  expect(deleted).toMatchObject({
    RequestType: 'Delete',
    PhysicalResourceId: expect.stringMatching(/^local-Made-/),
  })
})

test('a custom resource with a failed update is updated back, and updated again at the next start', async () => {
  const folder = temporaryFolder()
  await (await (await lab(folder, '1')).start()).stop()
  const { start, noted } = await lab(folder, 'bad')
  await expect(start()).rejects.toThrow(/Made failed: because/)
  const update = { RequestType: 'Update', PhysicalResourceId: 'made' }
  expect(noted().slice(1)).toEqual([
    { ...update, old: '1' },
    { ...update, old: 'bad' },
  ])
  await (await (await lab(folder, '2')).start()).stop()
  expect(noted().at(-1)).toEqual({ ...update, old: '1' })
})

test('a resource that an update replaces is deleted once', async () => {
  const folder = temporaryFolder()
  await (await (await lab(folder, '1')).start()).stop()
  const { start, noted } = await lab(folder, 'other')
  await (await start()).stop()
  await (await start()).stop()
  expect(noted().slice(1)).toEqual([
    { RequestType: 'Update', PhysicalResourceId: 'made', old: '1' },
    { RequestType: 'Delete', PhysicalResourceId: 'made' },
  ])
})

test('a secret is unreadable without a grant, and its folder for other users', async () => {
  const folder = temporaryFolder()
  const { url } = await (await lab(folder, '1', false)).start()
  expect(await (await fetch(url)).text()).toBe('AccessDeniedException')
  const dir = join(folder, 'data', 'secrets')
  expect(statSync(dir).mode & 0o077).toBe(0)
})
