// The private signing key, out of Secrets Manager.

import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { ProbeError } from '../errors.ts'

/** The armored private key. ProbeError `misconfigured` when the secret is empty. */
export async function readSigningKey(client: SecretsManagerClient, secretId: string): Promise<string> {
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId }))
  if (SecretString !== undefined) return SecretString
  throw new ProbeError(
    'misconfigured',
    'the signing key secret is empty: deploy the stack again to make a key',
  )
}
