// The signing key: an empty secret, and the resource that makes the key at the first deployment.

import { CustomResource, Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { CfnResourcePolicy, CfnSecret } from 'aws-cdk-lib/aws-secretsmanager'
import { ENV } from '../lib/aws/resources.ts'
import { granting } from './grants.ts'
import { acknowledge } from './nag.ts'

/** `kmsKeyArn`: the operator's own key for the secret; who else may use it, its own policy says. */
export function addSigningKey(stack: Stack, kmsKeyArn: string | undefined) {
  const secret = new CfnSecret(stack, 'SigningKeySecret', {
    description: 'OpenPGP private key that signs the probes; only publish may read it',
    ...(kmsKeyArn === undefined ? {} : { kmsKeyId: kmsKeyArn }),
  })
  secret.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
  acknowledge(secret, {
    SMG4: 'A new key must reach every host that verifies before it signs anything: rotation is a step of the runbook, not a timer.',
  })
  const grants = granting(
    { [ENV.signingKeySecret]: secret.ref },
    {
      read: { actions: ['secretsmanager:GetSecretValue'], resources: [secret.ref] },
      write: { actions: ['secretsmanager:PutSecretValue'], resources: [secret.ref] },
    },
  )
  return { secret, ...grants, kms: kmsKeyArn === undefined ? undefined : throughSecrets(stack, kmsKeyArn) }
}

/**
 * What reading and writing a secret under such a key take, of nobody but Secrets Manager on the function's behalf.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
 */
const throughSecrets = ({ region, urlSuffix }: Stack, kmsKeyArn: string) => {
  const only = {
    resources: [kmsKeyArn],
    conditions: { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.${urlSuffix}` } },
  }
  return granting(
    {},
    {
      read: { actions: ['kms:Decrypt'], ...only },
      write: { actions: ['kms:Decrypt', 'kms:GenerateDataKey'], ...only },
    },
  )
}

export interface KeyHolders {
  readonly signingKey: ReturnType<typeof addSigningKey>
  /** the only one that may write it */
  readonly keyMaker: LambdaFunction
  /** the only one that may read it */
  readonly publish: LambdaFunction
}

/** What brings a key's value out of the secret, and what puts another in its place. */
const READS = ['GetSecretValue', 'ReplicateSecretToRegions']
const WRITES = ['PutSecretValue', 'UpdateSecret', 'UpdateSecretVersionStage', 'RotateSecret']

/**
 * The secret refuses everyone else by its own policy, whatever a role or a user of the account was granted. Nobody is locked
 * out by it: it says nothing of the policy itself, so the account's administrator can still change or remove it
 * (`secretsmanager:PutResourcePolicy`, `DeleteResourcePolicy`), which CloudTrail shows.
 */
function guard(stack: Stack, { signingKey, keyMaker, publish }: KeyHolders): CfnResourcePolicy {
  const butFor = ({ role }: LambdaFunction, verbs: readonly string[]) => ({
    Effect: 'Deny',
    Principal: { AWS: '*' },
    Action: verbs.map((verb) => `secretsmanager:${verb}`),
    // In the policy of a secret this is that secret.
    Resource: '*',
    // AWS's own services have no such ARN, and are refused with all others.
    Condition: { ArnNotEquals: { 'aws:PrincipalArn': role!.roleArn } },
  })
  return new CfnResourcePolicy(stack, 'SigningKeyPolicy', {
    secretId: signingKey.secret.ref,
    blockPublicPolicy: true,
    resourcePolicy: { Version: '2012-10-17', Statement: [butFor(publish, READS), butFor(keyMaker, WRITES)] },
  })
}

/**
 * The function answers CloudFormation itself, at the request's ResponseURL. Another generation makes a new key;
 * the stack never asks for one on its own. The secret is guarded before there is a key in it.
 */
export function makeSigningKey(stack: Stack, holders: KeyHolders): void {
  const pair = new CustomResource(stack, 'SigningKeyPair', {
    resourceType: 'Custom::SigningKey',
    serviceToken: holders.keyMaker.functionArn,
    serviceTimeout: Duration.seconds(300),
    properties: { Generation: '1' },
  })
  pair.node.addDependency(guard(stack, holders))
}
