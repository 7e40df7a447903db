// Reads secrets without the SDK's client, which would slow the cold start of functions that answer requests.

import { ProbeError } from '../model/errors.ts'
import { isNamed } from './conditional.ts'
import type { Call } from './json-api.ts'

/** Returns the armored private key. @throws {ProbeError} `misconfigured`: the secret is empty or missing. */
export const readSigningKey = (call: Call, secretId: string): Promise<string> =>
  readText(call, secretId, 'the signing key secret is empty or missing: deploy the stack again to make a key')

/** @throws {ProbeError} `misconfigured`: the secret is empty or missing. */
export const readEdgeSecret = (call: Call, secretId: string): Promise<string> =>
  readText(call, secretId, 'a secret of the distribution is empty or missing: deploy the stack again')

/** Also throws the errors of `call`. */
async function readText(call: Call, secretId: string, refusal: string): Promise<string> {
  /** Secrets Manager answers "not found" for a secret that never got a value. */
  const refuseEmpty = (cause?: unknown): never => {
    if (cause !== undefined && !isNamed('ResourceNotFoundException')(cause)) throw cause
    throw new ProbeError('misconfigured', refusal, { cause })
  }
  const answer = await call('GetSecretValue', { SecretId: secretId }).catch(refuseEmpty)
  const text = 'SecretString' in answer ? answer.SecretString : undefined
  return typeof text === 'string' && text !== '' ? text : refuseEmpty()
}
