// Starts an S3 endpoint on loopback with four principals and a real client, and presigns URLs without the SDK's presigner.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Sha256 } from '@aws-crypto/sha256-js'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { SignatureV4 } from '@smithy/signature-v4'
import { afterAll, beforeAll, expect } from 'vitest'
import type { Faults } from '../../../local/faults.ts'
import { createS3 } from '../../../local/s3/s3.ts'
import type { Principal } from '../../../local/wire/types.ts'

export const Bucket = 'artifacts'
export const BUCKETS = [Bucket, 'staging']

const principal = (name: string, allows: readonly string[]): Principal => ({
  name,
  accessKeyId: `AKIA${name.toUpperCase()}`,
  secretAccessKey: `secret of ${name}`,
  sessionToken: `token/of+${name}==`,
  may: (action, resource, context) =>
    context?.['aws:SecureTransport'] === 'true' &&
    resource.startsWith('arn:aws:s3:::') &&
    allows.includes(action),
})

const OBJECT_ACTIONS = ['s3:GetObject', 's3:PutObject']
export const OWNER = principal('owner', [...OBJECT_ACTIONS, 's3:ListBucket'])
/** may do everything except list */
export const WORKER = principal('worker', OBJECT_ACTIONS)
export const NOBODY = principal('nobody', [])
/** may only put objects that do not exist yet */
export const CREATOR: Principal = {
  ...principal('creator', []),
  may: (action, _, context) => action === 's3:PutObject' && context?.['s3:if-none-match'] === '*',
}
const PRINCIPALS = [OWNER, WORKER, NOBODY, CREATOR]

/** Starts an S3 endpoint; a given `dir` remains after its stop. */
export async function startLab(
  options: { dir?: string; now?: () => number; faults?: Pick<Faults, 'strikes'> } = {},
) {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 's3-')))
  const errors: unknown[] = []
  const { service } = createS3({
    dir,
    buckets: BUCKETS,
    prefix: '/s3',
    principals: (id) => PRINCIPALS.find(({ accessKeyId }) => accessKeyId === id),
    now: options.now ?? Date.now,
    ...(options.faults === undefined ? {} : { faults: options.faults }),
    onError: (error) => errors.push(error),
  })
  const server = createServer((request, response) => void service(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    if (options.dir === undefined) await rm(dir, { recursive: true })
  }
  return { dir, port, errors, stop, origin: `http://127.0.0.1:${port}` }
}
export type Lab = Awaited<ReturnType<typeof startLab>>

export const clientOf = ({ origin }: Lab, who: Principal = OWNER, maxAttempts = 1) =>
  new S3Client({
    region: 'us-east-1',
    endpoint: `${origin}/s3`,
    forcePathStyle: true,
    credentials: credentialsOf(who),
    maxAttempts,
  })

/** One lab for all tests of a file. At their end its server must have had no error. */
export function useLab(take: (lab: Lab, s3: S3Client) => void): void {
  let lab: Lab
  let s3: S3Client
  beforeAll(async () => {
    lab = await startLab()
    s3 = clientOf(lab)
    take(lab, s3)
  })
  afterAll(async () => {
    s3.destroy()
    await lab.stop()
    expect(lab.errors).toEqual([])
  })
}

/** Uses `s3` unless the test gives another client. */
export const objectsOf = (s3: () => S3Client) => ({
  put: (Key: string, Body: string | Uint8Array = 'body', more: object = {}, client = s3()) =>
    client.send(new PutObjectCommand({ Bucket, Key, Body, ...more })),
  get: async (Key: string, more: object = {}, client = s3()) => {
    const answer = await client.send(new GetObjectCommand({ Bucket, Key, ...more }))
    return { ...answer, text: (await answer.Body?.transformToString()) ?? '' }
  },
})

/** A pattern for an error of the SDK. */
export const failed = (name: string, status: number) => ({
  name,
  $metadata: expect.objectContaining({ httpStatusCode: status }),
})

const credentialsOf = ({ accessKeyId, secretAccessKey, sessionToken }: Principal) => ({
  accessKeyId,
  secretAccessKey,
  sessionToken,
})

export const signerOf = (who: Principal, service = 's3') =>
  new SignatureV4({
    service,
    region: 'us-east-1',
    credentials: credentialsOf(who),
    sha256: Sha256,
    uriEscapePath: service !== 's3',
    applyChecksum: service !== 's3',
  })

interface Presign {
  readonly method?: string
  readonly who?: Principal
  readonly query?: Record<string, string>
  readonly headers?: Record<string, string>
  readonly expiresIn?: number
  readonly signingDate?: Date
}

/** Presigns like a client's own presigner: `x-amz-*` headers move to the query, other headers are signed headers. */
export async function presign(port: number, path: string, options: Presign = {}): Promise<string> {
  const {
    method = 'GET',
    who = OWNER,
    query = {},
    headers = {},
    expiresIn = 60,
    signingDate = new Date(),
  } = options
  const escaped = path.split('/').map(escapeAll).join('/')
  const signed = await signerOf(who).presign(
    {
      method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      port,
      path: escaped,
      query,
      headers: { host: `127.0.0.1:${port}`, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...headers },
    },
    { expiresIn, signingDate },
  )
  const pairs = Object.entries(signed.query ?? {}).map(
    ([name, value]) => `${escapeAll(name)}=${escapeAll(String(value))}`,
  )
  return `http://127.0.0.1:${port}${escaped}?${pairs.join('&')}`
}

const escapeAll = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** Runs the real curl; resolves to any status and the body as text. */
export async function curl(...args: string[]): Promise<{ status: number; body: string }> {
  const { stdout } = await promisify(execFile)('curl', [
    '-sS',
    '--path-as-is',
    '-m',
    '20',
    '-w',
    '\n%{http_code}',
    ...args,
  ])
  const cut = stdout.lastIndexOf('\n')
  return { status: Number(stdout.slice(cut + 1)), body: stdout.slice(0, cut) }
}

export const sha256 = (body: string | Uint8Array) => createHash('sha256').update(body)

/** The error code in S3's XML. */
export const codeIn = (body: string): string | undefined => /<Code>(\w+)<\/Code>/.exec(body)?.[1]
