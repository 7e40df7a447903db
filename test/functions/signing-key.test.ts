// Tests the function that makes the signing key. The test calls its handler as CloudFormation does, and receives the answer.

import { rmSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda'
import { readKey, readPrivateKey } from 'openpgp'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { handler } from '../../functions/signing-key.ts'
import { createCall, SECRETS } from '../../lib/aws/json-api.ts'
import { ENV } from '../../lib/aws/resources.ts'
import { readSigningKey } from '../../lib/aws/secrets.ts'
import { PUBLIC_KEY_OBJECT } from '../../lib/model/keys.ts'
import { objectName } from '../../local/s3/objects.ts'
import { clientOptions, startServices } from '../support/aws/services-lab.ts'
import { clientOf, OWNER, startLab } from '../support/local/s3-lab.ts'

const SECRET = { Type: 'AWS::SecretsManager::Secret', Properties: { Description: 'key' } }

interface Told {
  readonly headers: IncomingHttpHeaders
  readonly method: string | undefined
  readonly body: Record<string, unknown>
}

/** Receives the answers as CloudFormation does. It responds with the statuses in turn, then with 200. */
async function startCloudFormation(statuses: number[] = []) {
  const told: Told[] = []
  const server = createServer(async (request, response) => {
    const { headers, method } = request
    const body = Buffer.concat(await request.toArray()).toString()
    told.push({ headers, method, body: JSON.parse(body) })
    response.writeHead(statuses.shift() ?? 200).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { told, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer?X-Amz-Signature=0` }
}

async function lab(statuses: number[] = []) {
  const s3 = await startLab()
  onTestFinished(() => s3.stop())
  const { endpoint, refs } = await startServices({ Secret: SECRET })
  const cloudFormation = await startCloudFormation(statuses)
  const environment = {
    [ENV.signingKeySecret]: refs.Secret!,
    [ENV.artifactsBucket]: 'artifacts',
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
    AWS_ENDPOINT_URL_S3: `${s3.origin}/s3`,
    AWS_ACCESS_KEY_ID: OWNER.accessKeyId,
    AWS_SECRET_ACCESS_KEY: OWNER.secretAccessKey,
    AWS_SESSION_TOKEN: OWNER.sessionToken,
  }
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  const logged = vi.spyOn(console, 'log').mockImplementation(() => {})
  const client = clientOf(s3)
  const { region, credentials } = clientOptions(endpoint)
  const secrets = new SecretsManagerClient(clientOptions(endpoint))
  const call = createCall(SECRETS, { endpoint, region, credentials: async () => credentials, now: Date.now })
  onTestFinished(() => {
    vi.unstubAllEnvs()
    logged.mockRestore()
    client.destroy()
    secrets.destroy()
  })
  const publicKey = async () => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'artifacts', Key: PUBLIC_KEY_OBJECT }))
    return Body!.transformToString()
  }
  return {
    ...cloudFormation,
    client,
    logged: () => JSON.stringify(logged.mock.calls),
    privateKey: () => readSigningKey(call, refs.Secret!),
    put: (SecretString: string) =>
      secrets.send(new PutSecretValueCommand({ SecretId: refs.Secret!, SecretString })),
    publicKey,
    losePublicKey: () => rmSync(join(s3.dir, 'artifacts', objectName(PUBLIC_KEY_OBJECT))),
    fingerprints: async () => ({
      private: (
        await readPrivateKey({ armoredKey: await readSigningKey(call, refs.Secret!) })
      ).getFingerprint(),
      public: (await readKey({ armoredKey: await publicKey() })).getFingerprint(),
    }),
  }
}

/** Characters: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html */
const MAX_STACK_NAME = 128

let requests = 0
const common = (ResponseURL: string, Generation: string) => ({
  ServiceToken: 'arn:aws:lambda:us-east-1:000000000000:function:signing-key',
  ResponseURL,
  StackId: 'arn:aws:cloudformation:us-east-1:000000000000:stack/s/1',
  RequestId: `00000000-0000-4000-8000-${String(++requests).padStart(12, '0')}`,
  LogicalResourceId: 'SigningKeyPair',
  ResourceType: 'Custom::SigningKey',
  ResourceProperties: { ServiceToken: '', Generation },
})
const create = (url: string): CloudFormationCustomResourceEvent => ({
  ...common(url, '1'),
  RequestType: 'Create',
})
const update = (url: string, old: string, generation: string): CloudFormationCustomResourceEvent => ({
  ...common(url, generation),
  RequestType: 'Update',
  PhysicalResourceId: 'the-key-before',
  OldResourceProperties: { ServiceToken: '', Generation: old },
})
const remove = (url: string): CloudFormationCustomResourceEvent => ({
  ...common(url, '1'),
  RequestType: 'Delete',
  PhysicalResourceId: 'the-key-before',
})
const call = (event: CloudFormationCustomResourceEvent) => handler(event, {} as Context)

describe('the first deployment', () => {
  test('makes a key pair, and stores the private key in the secret and the public key in the bucket', async () => {
    const { url, told, fingerprints, privateKey, publicKey, client } = await lab()
    const event = create(url)
    await call(event)
    const { private: fingerprint, public: other } = await fingerprints()
    expect(other).toBe(fingerprint)
    expect(await privateKey()).toMatch(/^-----BEGIN PGP PRIVATE KEY BLOCK-----/)
    expect(await publicKey()).not.toContain('PRIVATE')
    const object = new GetObjectCommand({ Bucket: 'artifacts', Key: PUBLIC_KEY_OBJECT })
    expect((await client.send(object)).ContentType).toBe('application/pgp-keys')
    const { StackId, RequestId, LogicalResourceId } = event
    expect(told.map(({ body }) => body)).toEqual([
      {
        ...{ StackId, RequestId, LogicalResourceId },
        Status: 'SUCCESS',
        PhysicalResourceId: fingerprint,
        Data: { Fingerprint: fingerprint },
      },
    ])
  })

  test('is answered by a PUT without a Content-Type, because the URL is signed without one', async () => {
    const { url, told } = await lab()
    await call(create(url))
    expect(told[0]!.method).toBe('PUT')
    expect(told[0]!.headers['content-type'] ?? '').toBe('')
    expect(told[0]!.headers['content-length']).toMatch(/^\d+$/)
  })

  test('logs no key and no URL', async () => {
    const { url, logged } = await lab()
    await call(create(url))
    expect(logged()).toContain('signing key made')
    expect(logged()).not.toMatch(/PRIVATE|Signature=/)
  })

  test('that is requested twice keeps the first pair', async () => {
    const { url, told, fingerprints, privateKey } = await lab()
    const event = create(url)
    await call(event)
    const before = await privateKey()
    await call(event)
    expect(await privateKey()).toBe(before)
    expect(await fingerprints()).toEqual({
      private: told[0]!.body.PhysicalResourceId,
      public: told[0]!.body.PhysicalResourceId,
    })
    expect(told[1]!.body).toMatchObject({ Status: 'SUCCESS' })
  })

  test('that was interrupted between the two keys makes another pair', async () => {
    const { url, told, losePublicKey, fingerprints } = await lab()
    await call(create(url))
    const { private: first } = await fingerprints()
    losePublicKey()
    await call(create(url))
    const { private: second, public: other } = await fingerprints()
    expect(second).not.toBe(first)
    expect([other, told[1]!.body.PhysicalResourceId]).toEqual([second, second])
  })
})

describe('a later deployment', () => {
  test('of a destroyed stack with kept data keeps the pair', async () => {
    const { url, told, fingerprints } = await lab()
    await call(create(url))
    const before = await fingerprints()
    await call(remove(url))
    await call(create(url))
    expect(await fingerprints()).toEqual(before)
    expect(told[2]!.body).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: before.private })
  })

  test('in another region uses the key pair that was copied there, the private key first', async () => {
    const lost = await lab()
    await call(create(lost.url))
    const [privateKey, publicKey] = [await lost.privateKey(), await lost.publicKey()]
    const { url, told, client, put, fingerprints } = await lab()
    await put(privateKey)
    const object = { Bucket: 'artifacts', Key: PUBLIC_KEY_OBJECT, Body: publicKey }
    await client.send(new PutObjectCommand(object))
    await call(create(url))
    const before = lost.told[0]!.body.PhysicalResourceId
    expect(await fingerprints()).toEqual({ private: before, public: before })
    expect(told[0]!.body).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: before })
  })

  test('of another generation makes another pair', async () => {
    const { url, told, fingerprints } = await lab()
    await call(create(url))
    const { private: first } = await fingerprints()
    await call(update(url, '1', '2'))
    const { private: second, public: other } = await fingerprints()
    expect(second).not.toBe(first)
    expect(other).toBe(second)
    expect(told[1]!.body).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: second })
  })

  test.each([
    ['of the same generation', update],
    ['that deletes the stack', remove],
  ])('%s does not change the key', async (_, event) => {
    const { url, told, privateKey, publicKey } = await lab()
    await call(create(url))
    const before = [await privateKey(), await publicKey()]
    await call(event(url, '1', '1'))
    expect([await privateKey(), await publicKey()]).toEqual(before)
    expect(told[1]!.body).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'the-key-before' })
  })
})

describe('an error', () => {
  test.each([
    ['the secret', 'AWS_ENDPOINT_URL_SECRETS_MANAGER', /ECONNREFUSED/],
    ['the bucket', 'AWS_ENDPOINT_URL_S3', /ECONNREFUSED/],
  ])('with %s is reported to CloudFormation with the reason', async (_, variable, reason) => {
    const { url, told } = await lab()
    vi.stubEnv(variable, 'http://127.0.0.1:1')
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
    await call(create(url))
    const Reason = expect.stringMatching(reason)
    expect(told.map(({ body }) => body)).toMatchObject([
      { Status: 'FAILED', PhysicalResourceId: 'no-key', Reason },
    ])
  })

  test('is reported in no more bytes than CloudFormation accepts, even if its reason is long', async () => {
    const { url, told } = await lab()
    const message = '\u0001'.repeat(5000)
    const server = createServer((request, response) => {
      request.resume()
      response.writeHead(400).end(JSON.stringify({ __type: 'InvalidRequestException', message }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', `http://127.0.0.1:${port}`)
    await call(create(url))
    expect(told[0]!.body).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('\u0001') })
    expect(Buffer.byteLength(JSON.stringify(told[0]!.body))).toBeLessThan(4096 - MAX_STACK_NAME)
  })

  test('in the environment is reported with the name of the variable', async () => {
    const { url, told } = await lab()
    vi.stubEnv(ENV.signingKeySecret, '')
    await call(update(url, '1', '2'))
    const Reason = expect.stringContaining(ENV.signingKeySecret)
    const PhysicalResourceId = 'the-key-before'
    expect(told.map(({ body }) => body)).toMatchObject([{ Status: 'FAILED', PhysicalResourceId, Reason }])
  })

  test('with the public key is repaired by the next deployment, which makes a complete pair', async () => {
    const { url, told, client, fingerprints } = await lab()
    vi.stubEnv(ENV.artifactsBucket, 'no-such-bucket')
    await call(create(url))
    expect(told[0]!.body).toMatchObject({ Status: 'FAILED' })
    const missing = client.send(new GetObjectCommand({ Bucket: 'artifacts', Key: PUBLIC_KEY_OBJECT }))
    await expect(missing).rejects.toMatchObject({ name: 'NoSuchKey' })
    vi.stubEnv(ENV.artifactsBucket, 'artifacts')
    await call(create(url))
    const { private: one, public: other } = await fingerprints()
    expect(one).toBe(other)
  })

  test('of CloudFormation for the answer causes a second answer, with a failure', async () => {
    const { url, told } = await lab([500])
    await call(remove(url))
    expect(told.map(({ body }) => body.Status)).toEqual(['SUCCESS', 'FAILED'])
  })

  test('of CloudFormation for both answers is thrown, so that Lambda retries', async () => {
    const { url } = await lab([500, 500])
    await expect(call(remove(url))).rejects.toThrow('500')
  })
})
