// The signing key: an empty secret, and the resource that makes the key at the first deployment.

import { CustomResource, Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { CfnResourcePolicy, CfnSecret } from 'aws-cdk-lib/aws-secretsmanager'
import { ENV } from '../lib/aws/resources.ts'
import type { Settings } from '../lib/model/settings.ts'
import { granting } from './grants.ts'
import { acknowledge } from './nag.ts'

type Kept = Pick<Settings['cloud']['deployment'], 'secretKeyArn' | 'secretReplicas'>

/** `secretKeyArn`: the operator's own key for the secret; who else may use it, its own policy says. */
export function addSigningKey(stack: Stack, { secretKeyArn, secretReplicas }: Kept) {
  const secret = new CfnSecret(stack, 'SigningKeySecret', {
    description: 'OpenPGP private key that signs the probes; only publish may read it',
    ...(secretKeyArn === undefined ? {} : { kmsKeyId: secretKeyArn }),
    ...(secretReplicas.length === 0 ? {} : { replicaRegions: secretReplicas.map(replicaOf) }),
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
  return {
    ...{ secret, ...grants, replicas: secretReplicas.map(({ region }) => region) },
    kms: secretKeyArn === undefined ? undefined : throughSecrets(stack, secretKeyArn),
    copies: toCopies(
      stack,
      secretReplicas.flatMap(({ keyArn }) => keyArn ?? []),
    ),
  }
}

const replicaOf = ({ region, keyArn }: Kept['secretReplicas'][number]) => ({
  region,
  ...(keyArn === undefined ? {} : { kmsKeyId: keyArn }),
})

/**
 * Whoever writes the secret writes its copies, and by the same identity Secrets Manager encrypts them by the keys of their
 * regions. It asks for that from one of the two regions; the keys are of one each.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets_troubleshoot.html
 */
const toCopies = ({ urlSuffix }: Stack, resources: readonly string[]) =>
  resources.length === 0
    ? undefined
    : granting(
        {},
        {
          write: {
            actions: ['kms:Encrypt', 'kms:GenerateDataKey'],
            resources,
            conditions: { StringLike: { 'kms:ViaService': `secretsmanager.*.${urlSuffix}` } },
          },
        },
      )

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

interface KeyHolders {
  readonly signingKey: ReturnType<typeof addSigningKey>
  /** the only one that may write it */
  readonly keyMaker: LambdaFunction
  /** the only one that may read it */
  readonly publish: LambdaFunction
}

/** What brings a key's value out of the secret, and what puts another in its place. */
const READS = ['GetSecretValue']
const REPLICATES = ['ReplicateSecretToRegions']
const WRITES = ['PutSecretValue', 'UpdateSecret', 'UpdateSecretVersionStage', 'RotateSecret']

/**
 * The secret refuses everyone else by its own policy, whatever a role or a user of the account was granted. Nobody is locked
 * out by it: it says nothing of the policy itself, so the account's administrator can still change or remove it
 * (`secretsmanager:PutResourcePolicy`, `DeleteResourcePolicy`), which CloudTrail shows.
 */
function guard(stack: Stack, { signingKey, keyMaker, publish }: KeyHolders): CfnResourcePolicy {
  // AWS's own services have no such ARN, and are refused with all others.
  const butFor = ({ role }: LambdaFunction, verbs: readonly string[]) =>
    refuse(verbs, { ArnNotEquals: { 'aws:PrincipalArn': role!.roleArn } })
  const { replicas } = signingKey
  const statements =
    replicas.length === 0
      ? [butFor(publish, [...READS, ...REPLICATES]), butFor(keyMaker, WRITES)]
      : [butFor(publish, READS), butFor(keyMaker, WRITES), refuse(REPLICATES, elsewhereThan(replicas))]
  return new CfnResourcePolicy(stack, 'SigningKeyPolicy', {
    secretId: signingKey.secret.ref,
    blockPublicPolicy: true,
    resourcePolicy: { Version: '2012-10-17', Statement: statements },
  })
}

const refuse = (verbs: readonly string[], Condition: Readonly<Record<string, unknown>>) => ({
  Effect: 'Deny',
  Principal: { AWS: '*' },
  Action: verbs.map((verb) => `secretsmanager:${verb}`),
  // In the policy of a secret this is that secret.
  Resource: '*',
  Condition,
})

/**
 * CloudFormation makes the copies, by whichever role deploys: so it is their regions that are bounded. A copy has this policy
 * as well. https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets-permissions.html
 */
const elsewhereThan = (regions: readonly string[]) => ({
  'ForAnyValue:StringNotEquals': { 'secretsmanager:AddReplicaRegions': regions },
})

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
