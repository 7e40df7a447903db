// Makes the signing key at the first deployment, as a custom resource. This function can write the private key, but not read it.

import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import middy from '@middy/core'
import type { CloudFormationCustomResourceEvent } from 'aws-lambda'
import { readKey } from 'openpgp'
import { ENV } from '../lib/aws/resources.ts'
import { PUBLIC_KEY_OBJECT } from '../lib/model/keys.ts'
import { generateSigningKey } from '../lib/signing/key.ts'
import { log, required } from './runtime/ports.ts'

type Event = CloudFormationCustomResourceEvent

/**
 * Maximum length of an error message, in characters. Each may become six bytes of JSON, and CloudFormation accepts answers of 4096
 * bytes, with the names of stack and resource:
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
 */
const MAX_REASON = 500

/** The fingerprint of the key after this event. */
async function keyFor(event: Event): Promise<string> {
  switch (event.RequestType) {
    case 'Create':
      // The data of a destroyed stack may still contain a key.
      return (await existingKey()) ?? makeKey(event.RequestId)
    case 'Update':
      // Makes a new key only if the operator changed the generation.
      return event.OldResourceProperties.Generation === event.ResourceProperties.Generation
        ? event.PhysicalResourceId
        : makeKey(event.RequestId)
    case 'Delete':
      // Keeps the key after the stack is deleted, because hosts still verify its signatures.
      return event.PhysicalResourceId
  }
}

/** The fingerprint of the stored public key. It is stored last, so the private key exists too. */
async function existingKey(): Promise<string | undefined> {
  try {
    const Bucket = required(ENV.artifactsBucket)
    const { Body } = await s3().send(new GetObjectCommand({ Bucket, Key: PUBLIC_KEY_OBJECT }))
    const armoredKey = await Body!.transformToString()
    return (await readKey({ armoredKey })).getFingerprint()
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined
    throw error
  }
}

const s3 = () => new S3Client({ forcePathStyle: process.env.AWS_ENDPOINT_URL_S3 !== undefined })

/**
 * Stores the public key last. A crash before it leaves a private key without a public one: the deployment fails, signatures made
 * meanwhile verify nowhere, and the next deployment, or the rollback of this one, makes another pair. A repeated event would make
 * another key under the same token. Secrets Manager refuses that, so the two halves always belong to the same key.
 */
async function makeKey(requestId: string): Promise<string> {
  const key = await generateSigningKey({ name: 'Probe registry', email: 'probes@registry.invalid' }, Date.now)
  await new SecretsManagerClient().send(
    new PutSecretValueCommand({
      SecretId: required(ENV.signingKeySecret),
      SecretString: key.privateKey,
      ClientRequestToken: requestId,
    }),
  )
  await s3().send(
    new PutObjectCommand({
      Bucket: required(ENV.artifactsBucket),
      Key: PUBLIC_KEY_OBJECT,
      Body: key.publicKey,
      ContentType: 'application/pgp-keys',
    }),
  )
  log('signing key made', { fingerprint: key.fingerprint })
  return key.fingerprint
}

/** Format: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html */
async function answer(event: Event, result: { fingerprint: string } | { error: string }): Promise<void> {
  const { StackId, RequestId, LogicalResourceId } = event
  const existing = event.RequestType === 'Create' ? 'no-key' : event.PhysicalResourceId
  const outcome =
    'fingerprint' in result
      ? {
          Status: 'SUCCESS',
          PhysicalResourceId: result.fingerprint,
          Data: { Fingerprint: result.fingerprint },
        }
      : { Status: 'FAILED', PhysicalResourceId: existing, Reason: result.error.slice(0, MAX_REASON) }
  const response = await fetch(event.ResponseURL, {
    method: 'PUT',
    // Sends bytes, because a text would get a Content-Type, which the URL's signature does not cover.
    body: new TextEncoder().encode(JSON.stringify({ StackId, RequestId, LogicalResourceId, ...outcome })),
  })
  if (!response.ok) throw new Error(`CloudFormation refused the answer with ${response.status}`)
}

/** Also answers errors: without an answer, a deployment hangs for an hour. */
export const handler = middy<Event>().handler(async (event) => {
  try {
    await answer(event, { fingerprint: await keyFor(event) })
  } catch (error) {
    log('signing key failed', { error: String(error) })
    await answer(event, { error: String(error) })
  }
})
