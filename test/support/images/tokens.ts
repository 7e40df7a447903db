// A token server for an image registry, as the registry's documents specify it: a client with the password gets a token.
// https://distribution.github.io/distribution/spec/auth/jwt/

import { execFileSync } from 'node:child_process'
import { createPrivateKey, sign, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

export interface TokenServer {
  /** for the registry: lines below `auth:` */
  readonly auth: string
  stop(): void
}

const SERVICE = 'images'
const ISSUER = 'tokens'

export async function startTokenServer(folder: string, user: string, password: string): Promise<TokenServer> {
  const [key, certificate] = [join(folder, 'token.key'), join(folder, 'token.pem')]
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=tokens', '-days', '2']
  execFileSync('openssl', [...made, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  const x5c = [new X509Certificate(readFileSync(certificate)).raw.toString('base64')]
  const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://tokens')
    if (request.headers.authorization !== wanted || searchParams.get('service') !== SERVICE)
      return void response
        .writeHead(401)
        .end('{"errors":[{"code":"UNAUTHORIZED","message":"wrong password"}]}')
    const [type, name, actions = ''] = (searchParams.get('scope') ?? '').split(':')
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      ...{ iss: ISSUER, sub: user, aud: SERVICE, iat: now, nbf: now - 60, exp: now + 600, jti: `${now}` },
      access: [{ type, name, actions: actions.split(',') }],
    }
    const text = [{ typ: 'JWT', alg: 'RS256', x5c }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const signature = sign('sha256', Buffer.from(text), createPrivateKey(readFileSync(key)))
    response.end(JSON.stringify({ token: `${text}.${signature.toString('base64url')}` }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    auth: `  token: {realm: "http://127.0.0.1:${port}/token", service: ${SERVICE}, issuer: ${ISSUER}, rootcertbundle: "${certificate}"}`,
    stop: () => server.close(),
  }
}
