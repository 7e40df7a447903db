// The signing key, out of the Secrets Manager of local/.

import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { expect, onTestFinished, test } from 'vitest'
import { readSigningKey } from '../../../lib/aws/secrets.ts'
import { clientOptions, startServices } from '../../support/aws/services-lab.ts'

const SECRET = { Type: 'AWS::SecretsManager::Secret', Properties: { Description: 'key' } }

async function lab() {
  const { endpoint, refs } = await startServices({ Secret: SECRET })
  const client = new SecretsManagerClient(clientOptions(endpoint))
  onTestFinished(() => client.destroy())
  return { client, secret: refs.Secret!, endpoint }
}

test('the key is what was put last', async () => {
  const { client, secret } = await lab()
  for (const SecretString of ['first', 'second'])
    await client.send(new PutSecretValueCommand({ SecretId: secret, SecretString }))
  expect(await readSigningKey(client, secret)).toBe('second')
})

test('a secret that is empty, binary or missing says what to do', async () => {
  const { client, secret } = await lab()
  const refusal = { code: 'misconfigured', message: expect.stringContaining('deploy the stack again') }
  await expect(readSigningKey(client, secret)).rejects.toMatchObject(refusal)
  await expect(readSigningKey(client, 'no-such-secret')).rejects.toMatchObject(refusal)
  await client.send(new PutSecretValueCommand({ SecretId: secret, SecretBinary: Uint8Array.of(1) }))
  await expect(readSigningKey(client, secret)).rejects.toMatchObject(refusal)
})

test('other errors are not taken for an empty secret', async () => {
  const client = new SecretsManagerClient(clientOptions('http://127.0.0.1:1'))
  onTestFinished(() => client.destroy())
  await expect(readSigningKey(client, 'any')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})
