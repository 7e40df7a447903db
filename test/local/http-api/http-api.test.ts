import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../local/wire/json.ts'
import {
  type FunctionText,
  route,
  startedStack,
  temporaryFolder,
  writeAssembly,
} from '../../support/local/assembly.ts'

const ECHO = 'exports.handler = async (event) => event'
const ANSWERS = `exports.handler = async ({ rawPath }) => {
  switch (rawPath) {
    case '/plain': return 'text'
    case '/list': return [1]
    case '/binary': return { statusCode: 200, body: Buffer.from([0, 255]).toString('base64'), isBase64Encoded: true, headers: { 'Content-Type': 'application/x-object' }, cookies: ['a=1', 'b=2'] }
    case '/redirect': return { statusCode: 307, headers: { Location: '/x' } }
    case '/number': return { statusCode: 200, body: 7 }
    case '/status': return { statusCode: 'fine' }
    case '/header': return { statusCode: 200, headers: { 'bad name': 'x' } }
    case '/value': return { statusCode: 200, headers: { 'x-a': 'a\\r\\nb: c' } }
    case '/large': return { statusCode: 200, body: 'x'.repeat(6 * 1024 * 1024) }
    case '/error': throw new Error('inside')
    case '/exit': process.exit(1)
    case '/slow': await new Promise((r) => setTimeout(r, 60000))
    case '/loop': for (;;);
  }
  return { statusCode: 204 }
}`

async function api(functions: Record<string, FunctionText>, resources: JsonObject, publicUrl?: string) {
  const folder = temporaryFolder()
  const assembly = await writeAssembly(join(folder, 'cdk.out'), resources, functions)
  const options = { assembly, dataDir: join(folder, 'data') }
  const { url } = await startedStack(publicUrl === undefined ? options : { ...options, publicUrl })
  return {
    url,
    get: (path: string, init?: RequestInit) => fetch(`${url}${path}`, { redirect: 'manual', ...init }),
  }
}

/** Sends the bytes unchanged. Returns the first line of the answer. */
const raw = (url: string, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk.toString()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer.split('\r\n', 1)[0]!))
  })

describe('a function behind the API', () => {
  test('receives the request in payload format 2.0', async () => {
    const { get } = await api(
      { Echo: { code: ECHO } },
      route('Echo', 'ANY /x/{proxy+}', 'Echo'),
      'https://probes.example',
    )
    const answer = await get('/x/a%2Bb/%zz?q=1&q=%20', {
      method: 'POST',
      body: '{}',
      headers: { 'X-Upper': 'V', cookie: 'a=1; b=2', 'content-type': 'application/json' },
    })
    expect(await answer.json()).toMatchObject({
      version: '2.0',
      routeKey: 'ANY /x/{proxy+}',
      rawPath: '/x/a+b/%zz',
      rawQueryString: 'q=1&q=%20',
      queryStringParameters: { q: '1, ' },
      pathParameters: { proxy: 'a+b/%zz' },
      cookies: ['a=1', 'b=2'],
      headers: {
        'x-upper': 'V',
        host: 'probes.example',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'https',
      },
      requestContext: { domainName: 'probes.example', http: { method: 'POST', sourceIp: '127.0.0.1' } },
      body: '{}',
      isBase64Encoded: false,
    })
  })

  test.each([
    ['/x/a%2Fb', '/x/a/b'],
    ['/x//a///b', '/x/a/b'],
    ['/x/a%252Bb', '/x/a%2Bb'],
    ['/x/a%3Fb=c?d=e', '/x/a'],
    ['/x/%ff%41', '/x/%ff%41'],
    ['/x/caf%C3%A9', '/x/café'],
  ])('receives the path %s as an HTTP API passes it: %s', async (asked, seen) => {
    const { get } = await api({ Echo: { code: ECHO } }, route('Echo', '$default', 'Echo'))
    expect(await (await get(asked)).json()).toMatchObject({ rawPath: seen })
  })

  test('answers with the status, headers and body that it returns, or with its plain return value', async () => {
    const { get } = await api({ Answers: { code: ANSWERS } }, route('Any', '$default', 'Answers'))
    expect(await (await get('/plain')).text()).toBe('text')
    expect(await (await get('/list')).json()).toEqual([1])
    const binary = await get('/binary')
    expect(new Uint8Array(await binary.arrayBuffer())).toEqual(new Uint8Array([0, 255]))
    expect(binary.headers.get('content-type')).toBe('application/x-object')
    expect(binary.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect((await get('/redirect')).headers.get('location')).toBe('/x')
    const head = await get('/binary', { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '2'])
  })

  test('causes a 500 without details if its answer is invalid, or if it fails or exits; the next request is served', async () => {
    const { get } = await api({ Answers: { code: ANSWERS } }, route('Any', '$default', 'Answers'))
    for (const path of ['/number', '/status', '/header', '/value', '/large', '/error', '/exit']) {
      const answer = await get(path)
      expect([path, answer.status, await answer.text()]).toEqual([
        path,
        500,
        '{"message":"Internal Server Error"}',
      ])
    }
    expect((await get('/fine')).status).toBe(204)
  })

  test('is stopped after its timeout, even if it never yields', async () => {
    const { get } = await api(
      { Answers: { code: ANSWERS, properties: { Timeout: 1 } } },
      route('Any', '$default', 'Answers'),
    )
    const answers = await Promise.all([get('/slow'), get('/loop')])
    expect(answers.map(({ status }) => status)).toEqual([500, 500])
    expect((await get('/fine')).status).toBe(204)
  })

  test('causes a 503 if it needs longer than the timeout of its integration', async () => {
    const resources = route('Any', '$default', 'Answers')
    const integration = resources.AnyIntegration as { Properties: JsonObject }
    const quick = { ...integration, Properties: { ...integration.Properties, TimeoutInMillis: 200 } }
    const { get } = await api({ Answers: { code: ANSWERS } }, { ...resources, AnyIntegration: quick })
    expect((await get('/slow')).status).toBe(503)
  })

  test('causes a 503 if all executions of the account are in use; a new account has ten', async () => {
    const slow = { code: 'exports.handler = () => new Promise((r) => setTimeout(r, 500))' }
    const { get } = await api({ Slow: slow }, route('Any', '$default', 'Slow'))
    const answers = await Promise.all(Array.from({ length: 11 }, () => get('/')))
    expect(answers.map(({ status }) => status).sort()).toEqual([
      ...Array.from({ length: 10 }, () => 200),
      503,
    ])
  })

  test('is not invoked without a permission for the API', async () => {
    const { AnyPermission: _, ...resources } = route('Any', '$default', 'Echo')
    const { get } = await api({ Echo: { code: ECHO } }, resources)
    expect((await get('/')).status).toBe(500)
  })
})

describe('the API', () => {
  test('takes the most specific route', async () => {
    const answer = (text: string) => ({ code: `exports.handler = async () => '${text}'` })
    const { get } = await api(
      { A: answer('greedy'), B: answer('exact'), C: answer('get') },
      {
        ...route('A', 'ANY /x/{proxy+}', 'A'),
        ...route('B', 'ANY /x/y', 'B'),
        ...route('C', 'GET /x/y', 'C'),
      },
    )
    const texts = await Promise.all([
      get('/x/y').then((r) => r.text()),
      get('/x/y', { method: 'POST' }).then((r) => r.text()),
      get('/x/y/z').then((r) => r.text()),
    ])
    expect(texts).toEqual(['get', 'exact', 'greedy'])
    expect((await get('/')).status).toBe(404)
  })

  test('refuses heads and bodies that are too large and bytes that are not HTTP, and serves the next request', async () => {
    const { url, get } = await api({ Echo: { code: ECHO } }, route('Any', '$default', 'Echo'))
    expect(await raw(url, `GET /${'a'.repeat(11_000)} HTTP/1.1\r\nhost: a\r\n\r\n`)).toContain('431')
    expect(await raw(url, '\x16\x03\x01\r\n\r\n')).toContain('400')
    expect(await raw(url, 'GET / HTTP/1.1\r\n\r\n')).toContain('400')
    const post = async (body: Buffer | string) => (await get('/', { method: 'POST', body })).status
    expect(await post(Buffer.alloc(10 * 1024 * 1024 + 1))).toBe(413)
    // Lambda accepts six megabytes. A body that is not text is passed to it in base64.
    expect([await post(Buffer.alloc(4_800_000)), await post(Buffer.alloc(4_400_000))]).toEqual([413, 200])
    expect([await post('a'.repeat(6_300_000)), await post('a'.repeat(6_200_000))]).toEqual([413, 200])
    expect((await get('/')).status).toBe(200)
  })

  test('serves S3 on its port, and no other AWS endpoint', async () => {
    const { get } = await api({ Echo: { code: ECHO } }, route('Any', 'GET /only', 'Echo'))
    const answer = await get('/', {
      method: 'POST',
      headers: { 'x-amz-target': 'DynamoDB_20120810.ListTables' },
    })
    expect(answer.status).toBe(404)
    expect((await get('/s3/bucket/key')).status).toBe(403)
  })
})
