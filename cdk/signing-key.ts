// The signing key: an empty secret, and the resource that makes the key at the first deployment.

import { CustomResource, Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager'
import { ENV } from '../lib/aws/resources.ts'
import { granting } from './grants.ts'
import { acknowledge } from './nag.ts'

export function addSigningKey(stack: Stack) {
  const secret = new CfnSecret(stack, 'SigningKeySecret', {
    description: 'OpenPGP private key that signs the probes; only publish may read it',
  })
  secret.applyRemovalPolicy(RemovalPolicy.RETAIN)
  acknowledge(secret, {
    SMG4: 'A new key must reach every host that verifies before it signs anything: rotation is a step of the runbook, not a timer.',
  })
  return granting(
    { [ENV.signingKeySecret]: secret.ref },
    {
      read: { actions: ['secretsmanager:GetSecretValue'], resources: [secret.ref] },
      write: { actions: ['secretsmanager:PutSecretValue'], resources: [secret.ref] },
    },
  )
}

/**
 * The function answers CloudFormation itself, at the request's ResponseURL. Another generation makes a new key;
 * the stack never asks for one on its own.
 */
export const makeSigningKey = (stack: Stack, maker: LambdaFunction) =>
  new CustomResource(stack, 'SigningKeyPair', {
    resourceType: 'Custom::SigningKey',
    serviceToken: maker.functionArn,
    serviceTimeout: Duration.seconds(300),
    properties: { Generation: '1' },
  })
