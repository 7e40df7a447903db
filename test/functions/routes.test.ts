// Tests each route with each method, over HTTP with the complete stack.

import { createPublicKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { idOf } from '../../lib/api/view.ts'
import { pemOf } from '../../lib/formats/openpgp/pem.ts'
import { allowOf, routes } from '../../lib/names/routes.ts'
import { startWholeStack, type WholeStack } from '../support/local/whole-stack.ts'

const PROBE = 'driver/99/x86_64/falco_debian_6.1.1-1-amd64_1.ko'
let stack: WholeStack

beforeAll(async () => {
  stack = await startWholeStack()
})
afterAll(() => stack?.stop())

async function ask(method: string, path: string) {
  const answer = await fetch(stack.url + path, { method, redirect: 'manual' })
  const text = await answer.text()
  const header = (name: string) => answer.headers.get(name)
  return {
    status: answer.status,
    type: header('content-type'),
    bytes: header('content-length'),
    header,
    text,
  }
}

const PATHS = routes().map(({ path }) => path.replace('{name+}', PROBE).replace('{id}', idOf(PROBE)))

describe.each(PATHS)('%s', (path) => {
  const allow = allowOf(path)

  test.each(
    ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter(
      (method) => !allow.split(', ').includes(method),
    ),
  )('answers %s with 405, and lists the allowed methods', async (method) => {
    const { status, header, text } = await ask(method, path)
    expect({ status, allow: header('allow') }).toEqual({ status: 405, allow })
    if (method === 'HEAD') return
    const message = `${method} is not supported here, only ${allow}`
    expect(JSON.parse(text)).toMatchObject(
      path.startsWith('/v2/')
        ? { errors: [{ code: 'UNSUPPORTED', message }] }
        : { code: 'method-not-allowed', detail: message },
    )
  })

  if (!allow.includes('GET')) return
  test('answers HEAD like GET, without a body', async () => {
    const [get, head] = [await ask('GET', path), await ask('HEAD', path)]
    expect(head.text).toBe('')
    const { status, type, bytes } = get
    expect(head).toMatchObject({ status, type, bytes })
    expect(Number(bytes)).toBe(Buffer.byteLength(get.text))
  })
})

test('the public key answers HEAD', async () => {
  const { status, type, bytes } = await ask('HEAD', '/keys/falco-probes.asc')
  expect({ status, type }).toEqual({ status: 200, type: 'application/pgp-keys' })
  expect(Number(bytes)).toBeGreaterThan(1000)
})

test('the image registry answers with the version header that its clients expect', async () => {
  const { status, header, text } = await ask('GET', '/v2/')
  expect({ status, version: header('docker-distribution-api-version') }).toEqual({
    ...{ status: 200, version: 'registry/2.0' },
  })
  expect(JSON.parse(text)).toEqual({})
})

test('the index of falcoctl is an empty list at first, and the PEM key is the same key as the armored one', async () => {
  expect(await ask('GET', '/falcoctl/index.yaml')).toMatchObject({ status: 200, text: '[]\n' })
  const { text } = await ask('GET', '/keys/falco-probes.pem')
  expect(createPublicKey(text).asymmetricKeyDetails).toMatchObject({ modulusLength: 4096 })
  const armored = await ask('GET', '/keys/falco-probes.asc')
  expect(pemOf(Buffer.from(armored.text))).toBe(text)
})

test('an unknown route is answered with 404, whatever the method', async () => {
  for (const method of ['GET', 'HEAD', 'POST', 'DELETE'])
    expect((await ask(method, '/v1/nothing')).status, method).toBe(404)
})
