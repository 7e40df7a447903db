// Reads the private signing key from Secrets Manager.

import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { ProbeError } from '../model/errors.ts'

/** Returns the armored private key. @throws {ProbeError} `misconfigured`: the secret is empty or missing. */
export async function readSigningKey(client: SecretsManagerClient, secretId: string): Promise<string> {
  const secret = await client.send(new GetSecretValueCommand({ SecretId: secretId })).catch(refuseEmpty)
  return secret.SecretString ?? refuseEmpty()
}

/** Secrets Manager answers "not found" for a secret that never got a value. */
function refuseEmpty(cause?: unknown): never {
  if (cause !== undefined && !(cause instanceof ResourceNotFoundException)) throw cause
  throw new ProbeError(
    'misconfigured',
    'the signing key secret is empty or missing: deploy the stack again to make a key',
    { cause },
  )
}
