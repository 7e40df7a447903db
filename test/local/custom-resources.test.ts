import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../local/wire/json.ts'
import { allow, route, startedStack, temporaryFolder, writeAssembly } from '../support/local/assembly.ts'

/** Notes each request, and keeps a secret at the first. */
const MAKER = `
const { appendFileSync } = require('node:fs')
const { SecretsManagerClient, PutSecretValueCommand } = require('@aws-sdk/client-secrets-manager')
const client = new SecretsManagerClient({ maxAttempts: 1 })
exports.handler = async ({ RequestType, ResourceProperties, PhysicalResourceId, OldResourceProperties, ResponseURL }) => {
  appendFileSync(process.env.NOTES, JSON.stringify({ RequestType, PhysicalResourceId, old: OldResourceProperties?.Generation }) + '\\n')
  const secret = { SecretId: process.env.SECRET, SecretString: 'word ' + ResourceProperties.Generation, ClientRequestToken: 'token-of-32-characters-and-more-' + ResourceProperties.Generation }
  await client.send(new PutSecretValueCommand(secret))
  await client.send(new PutSecretValueCommand(secret))
  const Status = ResourceProperties.Generation === 'bad' ? 'FAILED' : 'SUCCESS'
  await fetch(ResponseURL, { method: 'PUT', body: JSON.stringify({ Status, Reason: 'because', PhysicalResourceId: 'made' }) })
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

test('a custom resource that fails ends the start, and the next start tries it again', async () => {
  const folder = temporaryFolder()
  const { start, noted } = await lab(folder, 'bad')
  await expect(start()).rejects.toThrow(/Made failed: because/)
  await expect(start()).rejects.toThrow(/Made failed: because/)
  expect(noted().map(({ RequestType }) => RequestType)).toEqual(['Create', 'Create'])
})

test('a secret is readable for who was granted it, and its file for nobody else', async () => {
  const folder = temporaryFolder()
  const { url } = await (await lab(folder, '1', false)).start()
  expect(await (await fetch(url)).text()).toBe('AccessDeniedException')
  const dir = join(folder, 'data', 'secrets')
  expect(statSync(dir).mode & 0o077).toBe(0)
})
