// Makes the secret of the signing key, and the custom resource that makes the key at the first deployment.

import { CustomResource, Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { CfnResourcePolicy, CfnSecret } from 'aws-cdk-lib/aws-secretsmanager'
import { ENV } from '../lib/aws/resources.ts'
import type { Settings } from '../lib/model/settings.ts'
import { granting } from './grants.ts'
import { acknowledge } from './nag.ts'

type Kept = Pick<Settings['cloud']['deployment'], 'secretKeyArn' | 'secretReplicas'>

/** `secretKeyArn`: the operator's KMS key. Its own policy decides who else may use it. */
export function addSigningKey(stack: Stack, { secretKeyArn, secretReplicas }: Kept) {
  const secret = new CfnSecret(stack, 'SigningKeySecret', {
    description: 'OpenPGP private key that signs the probes; only publish may read it',
    kmsKeyId: secretKeyArn,
    replicaRegions:
      secretReplicas.length === 0
        ? undefined
        : secretReplicas.map(({ region, keyArn }) => ({ region, kmsKeyId: keyArn })),
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
    copies: toCopies(stack, secretReplicas),
  }
}

/**
 * A write to the secret also writes its copies: Secrets Manager encrypts them with the keys of their regions, with the identity of
 * the writer. The call may come from either of the two regions.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets_troubleshoot.html
 */
function toCopies({ urlSuffix }: Stack, replicas: Kept['secretReplicas']) {
  const resources = replicas.flatMap(({ keyArn }) => keyArn ?? [])
  if (resources.length === 0) return undefined
  const conditions = { StringLike: { 'kms:ViaService': `secretsmanager.*.${urlSuffix}` } }
  return granting({}, { write: { actions: ['kms:Encrypt', 'kms:GenerateDataKey'], resources, conditions } })
}

/**
 * Permissions for a secret that a KMS key encrypts. Only Secrets Manager can use them, on behalf of the function.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
 */
const throughSecrets = ({ region, urlSuffix }: Stack, kmsKeyArn: string) => {
  const conditions = { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.${urlSuffix}` } }
  const may = (...actions: string[]) => ({ actions, resources: [kmsKeyArn], conditions })
  return granting({}, { read: may('kms:Decrypt'), write: may('kms:Decrypt', 'kms:GenerateDataKey') })
}

interface KeyHolders {
  readonly signingKey: ReturnType<typeof addSigningKey>
  /** the only function that may write the key */
  readonly keyMaker: LambdaFunction
  /** the only function that may read the key */
  readonly publish: LambdaFunction
}

/** Actions that read the key, copy it, or replace it. */
const READS = ['GetSecretValue']
const REPLICATES = ['ReplicateSecretToRegions']
const WRITES = ['PutSecretValue', 'UpdateSecret', 'UpdateSecretVersionStage', 'RotateSecret']

/**
 * The secret's own policy refuses all other identities, even if they have permissions. It locks nobody out: an administrator of
 * the account can still change or remove the policy (`secretsmanager:PutResourcePolicy`, `DeleteResourcePolicy`), and CloudTrail
 * records that.
 */
function guard(stack: Stack, { signingKey, keyMaker, publish }: KeyHolders): CfnResourcePolicy {
  // AWS's own services have no such ARN, so they are refused too.
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

const refuse = (verbs: readonly string[], Condition: object) => ({
  Effect: 'Deny',
  Principal: { AWS: '*' },
  Action: verbs.map((verb) => `secretsmanager:${verb}`),
  // In a secret's policy, `*` stands for that secret.
  Resource: '*',
  Condition,
})

/**
 * CloudFormation makes the copies with the deploying role, so the policy limits their regions instead. Copies have the same policy.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets-permissions.html
 */
const elsewhereThan = (regions: readonly string[]) => ({
  'ForAnyValue:StringNotEquals': { 'secretsmanager:AddReplicaRegions': regions },
})

/**
 * The function sends its result to the ResponseURL of CloudFormation's request. Only a new generation makes a new key, and the
 * stack never changes the generation by itself. The secret gets its policy before the key.
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
