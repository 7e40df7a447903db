// In place of the SDK's search for credentials (cdk/bundle.ts): a function has its role's in its environment, and nowhere else.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html

import { fromEnv } from '@aws-sdk/credential-provider-env'

export const defaultProvider = () => fromEnv()
