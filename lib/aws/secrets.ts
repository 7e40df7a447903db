// The private signing key, out of Secrets Manager.

import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { ProbeError } from '../model/errors.ts'

/** The armored private key. ProbeError `misconfigured` when the secret is empty. */
export async function readSigningKey(client: SecretsManagerClient, secretId: string): Promise<string> {
  const secret = await client.send(new GetSecretValueCommand({ SecretId: secretId })).catch(refuseEmpty)
  return secret.SecretString ?? refuseEmpty()
}

/** A secret that was never written to is one whose value is not found. */
function refuseEmpty(cause?: unknown): never {
  if (cause !== undefined && !(cause instanceof ResourceNotFoundException)) throw cause
  throw new ProbeError(
    'misconfigured',
    'the signing key secret is empty or missing: deploy the stack again to make a key',
    { cause },
  )
}
