// Reads a function's credentials from its environment. `defaultProvider` replaces the SDK's search for them (cdk/bundle.ts).
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html

import type { Credentials } from '../../lib/aws/sigv4.ts'
import { ProbeError } from '../../lib/model/errors.ts'

/** The session token is optional, because an operator's own credentials have none. @throws {ProbeError} `misconfigured`. */
export async function fromEnvironment(): Promise<Credentials> {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = process.env
  if (!accessKeyId || !secretAccessKey)
    throw new ProbeError(
      'misconfigured',
      "the environment has no credentials: a function has its role's there",
    )
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
}

export const defaultProvider = () => fromEnvironment
