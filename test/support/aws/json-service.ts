// A stand-in for an AWS service that speaks JSON: it answers each request with a valid AWS signature.

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Api } from '../../../lib/aws/json-api.ts'
import { sha256 } from '../../../lib/model/digest.ts'
import { verifyRequest } from '../../../local/iam/sigv4.ts'
import type { SignatureError } from '../../../local/iam/sigv4-claim.ts'
import { AwsError, readBody } from '../../../local/wire/aws-json.ts'
import { REGION } from '../../../local/wire/types.ts'

const KEY = { accessKeyId: 'AKIATEST', secretAccessKey: 'test', sessionToken: 'a/token' }

/** The credentials of an operator with permission. */
export const OPERATOR = {
  AWS_ACCESS_KEY_ID: KEY.accessKeyId,
  AWS_SECRET_ACCESS_KEY: KEY.secretAccessKey,
  AWS_SESSION_TOKEN: KEY.sessionToken,
  AWS_REGION: REGION,
  AWS_EC2_METADATA_DISABLED: 'true',
} as const

export type Input = Readonly<Record<string, unknown>>
export type Operations = Readonly<Record<string, (input: Input) => object>>
export interface JsonService {
  readonly endpoint: string
  /** requested operations, with their inputs */
  readonly calls: (readonly [string, Input])[]
}

/** Operations throw AwsError to refuse a request. */
export async function jsonService(api: Api, operations: Operations): Promise<JsonService> {
  const calls: (readonly [string, Input])[] = []
  async function answer(request: IncomingMessage): Promise<object> {
    const body = await readBody(request, 1e6)
    const [target, operation = ''] = String(request.headers['x-amz-target']).split('.')
    const signed = { method: 'POST', url: '/', headers: request.headers, bodySha256: sha256(body) }
    const principals = () => ({ ...KEY, name: 'Operator', may: () => true })
    verifyRequest(signed, { principals, now: Date.now, service: api.service })
    if (target !== api.target || request.headers['content-type'] !== `application/x-amz-json-${api.json}`)
      throw new AwsError('UnknownOperationException', `${target}: ${request.headers['content-type']}`)
    const input = JSON.parse(body.toString()) as Input
    calls.push([operation, input])
    const run = operations[operation]
    if (run === undefined) throw new AwsError('UnknownOperationException', operation)
    return run(input)
  }
  const server = createServer((request, response) => {
    const end = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body))
    answer(request).then(
      (body) => end(200, body),
      (error: AwsError | SignatureError) =>
        end('status' in error ? error.status : 403, { __type: error.code, message: error.message }),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls }
}
