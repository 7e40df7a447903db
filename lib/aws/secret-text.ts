// Reads a secret without the SDK's client, which would slow the cold start of functions that answer requests.

import { ProbeError } from '../model/errors.ts'
import type { Call } from './json-api.ts'

/** Also throws the errors of `call`. @throws {ProbeError} `misconfigured`: the secret is empty or missing. */
export async function readSecretText(call: Call, secretId: string): Promise<string> {
  const answer = await call('GetSecretValue', { SecretId: secretId }).catch(refuseEmpty)
  const text = 'SecretString' in answer ? answer.SecretString : undefined
  return typeof text === 'string' && text !== '' ? text : refuseEmpty()
}

function refuseEmpty(cause?: unknown): never {
  if (cause !== undefined && !(cause instanceof Error && cause.name === 'ResourceNotFoundException'))
    throw cause
  const hint = 'deploy the stack again'
  throw new ProbeError('misconfigured', `a secret of the distribution is empty or missing: ${hint}`, {
    cause,
  })
}
