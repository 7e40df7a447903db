// Tests reads of the signing key against the Secrets Manager of local/.

import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { expect, onTestFinished, test } from 'vitest'
import { createCall, SECRETS } from '../../../lib/aws/json-api.ts'
import { readSigningKey } from '../../../lib/aws/secrets.ts'
import { clientOptions, startServices } from '../../support/aws/services-lab.ts'

const SECRET = { Type: 'AWS::SecretsManager::Secret', Properties: { Description: 'key' } }

function callAt(endpoint: string) {
  const { region, credentials } = clientOptions(endpoint)
  return createCall(SECRETS, { endpoint, region, credentials: async () => credentials, now: Date.now })
}

async function lab() {
  const { endpoint, refs } = await startServices({ Secret: SECRET })
  const client = new SecretsManagerClient(clientOptions(endpoint))
  onTestFinished(() => client.destroy())
  return { client, call: callAt(endpoint), secret: refs.Secret! }
}

test('the key is the value that was stored last', async () => {
  const { client, call, secret } = await lab()
  for (const SecretString of ['first', 'second'])
    await client.send(new PutSecretValueCommand({ SecretId: secret, SecretString }))
  expect(await readSigningKey(call, secret)).toBe('second')
})

test('the error for an empty, binary or missing secret asks to deploy the stack again', async () => {
  const { client, call, secret } = await lab()
  const refusal = { code: 'misconfigured', message: expect.stringContaining('deploy the stack again') }
  await expect(readSigningKey(call, secret)).rejects.toMatchObject(refusal)
  await expect(readSigningKey(call, 'no-such-secret')).rejects.toMatchObject(refusal)
  await client.send(new PutSecretValueCommand({ SecretId: secret, SecretBinary: Uint8Array.of(1) }))
  await expect(readSigningKey(call, secret)).rejects.toMatchObject(refusal)
})

test('a connection error is not reported as an empty secret', async () => {
  await expect(readSigningKey(callAt('http://127.0.0.1:1'), 'any')).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  })
})
