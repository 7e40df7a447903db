// Presigns S3 URLs without a network call, and without the SDK's S3 client, which would slow the read path's cold start.

import type { Presigner, PresignOptions } from '../model/ports.ts'
import type { ApiOptions } from './json-api.ts'
import { encode, signedQuery } from './sigv4.ts'

/** `endpoint`: base of path-style URLs, e.g. `http://127.0.0.1:8080/s3`; `undefined`: the bucket's host in AWS */
export function createPresigner(options: ApiOptions & { readonly bucket: string }): Presigner {
  const { endpoint, bucket, region, credentials, now } = options
  const base = new URL(endpoint ?? `https://${bucket}.s3.${region}.amazonaws.com`)
  const prefix = endpoint === undefined ? '' : `${base.pathname.replace(/\/$/, '')}/${bucket}`

  async function presign(
    method: string,
    key: string,
    query: Readonly<Record<string, string>>,
    { expiresSeconds }: PresignOptions,
  ) {
    // S3's signatures cover the path as sent: percent-encoded once.
    const path = `${prefix}/${key.split('/').map(encode).join('/')}`
    const signing = { service: 's3', region, credentials: await credentials(), now: now() }
    const search = signedQuery(signing, { method, host: base.host, path, query, expiresSeconds })
    return `${base.origin}${path}?${search}`
  }
  return {
    get: (key, { fileName, contentType, ...rest }) => {
      // No allowed character in a file name needs an escape between the quotes (RFC 6266).
      const disposition = `attachment; filename="${fileName}"`
      const query = {
        ...(fileName === undefined ? {} : { 'response-content-disposition': disposition }),
        ...(contentType === undefined ? {} : { 'response-content-type': contentType }),
      }
      return presign('GET', key, query, rest)
    },
    head: (key, rest) => presign('HEAD', key, {}, rest),
    put: (key, rest) => presign('PUT', key, {}, rest),
  }
}
