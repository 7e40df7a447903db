import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { challengeOf } from '../../../client/images/challenge.ts'
import { credentialsFor } from '../../../client/images/credentials.ts'
import { placeOf } from '../../../client/images/reference.ts'

function configured(config: unknown): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'docker-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config))
  return { DOCKER_CONFIG: folder }
}
const auth = Buffer.from('someone:se:cret').toString('base64')
const SOMEONE = { user: 'someone', password: 'se:cret' }

test('the environment takes precedence over the file', () => {
  const env = {
    ...configured({ auths: { 'a.example': { auth } } }),
    REGISTRY_USERNAME: 'me',
    REGISTRY_PASSWORD: 'x',
  }
  expect(credentialsFor('a.example', env).credentials).toEqual({ user: 'me', password: 'x' })
})

test.each(['a.example:5000', 'https://a.example:5000', 'https://a.example:5000/v1/'])(
  'the file may name the host as %s',
  (key) => {
    const env = configured({ auths: { 'b.example': { auth: 'eDp5' }, [key]: { auth } } })
    expect(credentialsFor('a.example:5000', env)).toEqual({
      credentials: SOMEONE,
      where: expect.stringContaining('config.json'),
    })
  },
)

test('the file in REGISTRY_AUTH_FILE takes precedence over the file of docker', () => {
  const { DOCKER_CONFIG } = configured({ auths: { 'a.example': { username: 'u', password: 'p' } } })
  const env = { REGISTRY_AUTH_FILE: join(DOCKER_CONFIG!, 'config.json'), DOCKER_CONFIG: '/nowhere' }
  expect(credentialsFor('a.example', env).credentials).toEqual({ user: 'u', password: 'p' })
})

test.each([
  ['of another host', { auths: { 'b.example': { auth } } }, 'has none for a.example'],
  [
    'that a helper keeps',
    { auths: { 'a.example': {} }, credsStore: 'pass' },
    'docker-credential-pass, which is not asked here',
  ],
  ['of a helper of this host', { credHelpers: { 'a.example': 'ecr-login' } }, 'docker-credential-ecr-login'],
])('there are no credentials, with a reason, if the file has only those %s', (_, config, words) => {
  expect(credentialsFor('a.example', configured(config))).toEqual({ where: expect.stringContaining(words) })
})

test('without a file there are no credentials, and the searched places are named', () => {
  expect(credentialsFor('a.example', { DOCKER_CONFIG: '/nowhere' })).toEqual({
    where: 'REGISTRY_USERNAME and REGISTRY_PASSWORD are not set, and there is no /nowhere/config.json',
  })
})

test.each(['{', '{"auths":[]}', '{"auths":{"a":1}}'])('an invalid file is refused: %s', (text) => {
  expect(() => credentialsFor('a.example', configured(text))).toThrow(/is that a config.json of docker/)
})

test.each([
  ['Basic realm="x"', { tag: 'basic' }],
  [
    'Bearer realm="https://a.example/token",service="s",scope="repository:a:pull"',
    { tag: 'bearer', realm: 'https://a.example/token', service: 's' },
  ],
  [
    'Bearer realm="https://a.example/token"',
    { tag: 'bearer', realm: 'https://a.example/token', service: undefined },
  ],
  ['Bearer', { tag: 'unknown' }],
  ['Negotiate', { tag: 'unknown' }],
  [null, { tag: 'unknown' }],
])('parses the challenge %s', (header, challenge) => {
  expect(challengeOf(header)).toEqual(challenge)
})

test.each([
  ['ghcr.io/you/probes', { host: 'ghcr.io', name: 'you/probes', tag: undefined }],
  ['127.0.0.1:5000/a:b_1..p', { host: '127.0.0.1:5000', name: 'a', tag: 'b_1..p' }],
  ['localhost/a-b/c__d:1', { host: 'localhost', name: 'a-b/c__d', tag: '1' }],
])('accepts %s as a place', (text, place) => {
  expect(placeOf(text)).toEqual(place)
})

test.each([
  'ghcr.io',
  'ghcr.io/',
  'you/probes',
  'ghcr.io/You',
  'ghcr.io/a//b',
  'ghcr.io/../b',
  'ghcr.io/a:',
  'https://ghcr.io/a',
  'ghcr.io/a@sha256:b',
])('refuses %s as a place', (text) => {
  expect(() => placeOf(text)).toThrow(/is not REGISTRY\/NAME|names no registry/)
})
