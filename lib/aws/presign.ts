// Presigned S3 URLs, signed here without a call: on the read path an S3 client would be dead weight.

import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Clock, Presigner, PresignOptions } from '../model/ports.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface PresignerOptions {
  /** base of path-style URLs, e.g. `http://127.0.0.1:8080/s3`; without it the bucket's own host in AWS */
  readonly endpoint: string | undefined
  readonly bucket: string
  readonly region: string
  readonly credentials: () => Promise<Credentials>
  readonly now: Clock
}

export function createPresigner(options: PresignerOptions): Presigner {
  const { endpoint, bucket, region, credentials, now } = options
  const signer = new SignatureV4({
    service: 's3',
    region,
    credentials,
    sha256: Sha256,
    // S3 signs the path as it is sent, encoded once.
    uriEscapePath: false,
    applyChecksum: false,
  })
  const base = new URL(endpoint ?? `https://${bucket}.s3.${region}.amazonaws.com`)
  const prefix = endpoint === undefined ? '' : `${base.pathname.replace(/\/$/, '')}/${bucket}`

  async function presign(
    method: string,
    key: string,
    query: Record<string, string>,
    { expiresSeconds }: PresignOptions,
  ) {
    const request = {
      method,
      protocol: base.protocol,
      hostname: base.hostname,
      ...(base.port === '' ? {} : { port: Number(base.port) }),
      path: `${prefix}/${key.split('/').map(encode).join('/')}`,
      query,
      // Whoever holds the URL sends what they like: a body is not part of the signature.
      headers: { host: base.host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    }
    const signed = await signer.presign(request, {
      expiresIn: expiresSeconds,
      signingDate: new Date(now()),
    })
    const search = Object.entries(signed.query ?? {}).map(
      ([name, value]) => `${encode(name)}=${encode(String(value))}`,
    )
    return `${base.origin}${request.path}?${search.join('&')}`
  }
  return {
    get: (key, { fileName, contentType, ...rest }) =>
      presign(
        'GET',
        key,
        {
          // File names are of an alphabet that needs no quoting rules (RFC 6266).
          ...(fileName === undefined
            ? {}
            : { 'response-content-disposition': `attachment; filename="${fileName}"` }),
          ...(contentType === undefined ? {} : { 'response-content-type': contentType }),
        },
        rest,
      ),
    head: (key, rest) => presign('HEAD', key, {}, rest),
    put: (key, rest) => presign('PUT', key, {}, rest),
  }
}

/** RFC 3986: everything but the unreserved characters. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** The signer's idea of a hash, on Node's own. */
class Sha256 {
  readonly #hash
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret))
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data))
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
  reset(): void {}
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data)
}
