// Tests copies from and to image registries that send or store wrong content.

import { createHash } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { push } from '../../../client/images/push.ts'
import { openRegistry } from '../../../client/images/registry.ts'
import { openSource } from '../../../client/images/source.ts'

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
const digestOf = (body: string) => `sha256:${createHash('sha256').update(body).digest('hex')}`
const placeAt = (host: string) => ({ host, name: 'a', tag: undefined })
const opened = (host: string, plainHttp = true) =>
  openRegistry({ place: placeAt(host), plainHttp, credentials: { where: 'nowhere' } })

test('a blob that does not match its digest is not pushed', async () => {
  const host = await serve((_, response) => response.end('other'))
  const blob = { digest: digestOf('bytes'), mediaType: 'text/plain', size: 5 }
  await expect(openSource(`http://${host}`, 'a').blob(blob)).rejects.toThrow(
    `the download of ${blob.digest} has the digest ${digestOf('other')}: nothing was pushed`,
  )
})

test('a blob is requested again after a 503', async () => {
  let asked = 0
  const host = await serve((_, response) => {
    asked += 1
    if (asked === 1) response.writeHead(503).end('SlowDown')
    else response.end('bytes')
  })
  const blob = { digest: digestOf('bytes'), mediaType: 'text/plain', size: 5 }
  const { body } = await openSource(`http://${host}`, 'a').blob(blob)
  expect([Buffer.from(body).toString(), asked]).toEqual(['bytes', 2])
})

test('a manifest that does not match its digest is not pushed', async () => {
  const host = await serve((_, response) => response.end('{}'))
  await expect(openSource(`http://${host}`, 'a').whole(digestOf('x'))).rejects.toThrow('nothing was pushed')
})

test('a refusal is reported in the registry’s own words, without control characters', async () => {
  const host = await serve((_, response) =>
    response
      .writeHead(404)
      .end(JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'gone \u001b[31m' }] })),
  )
  await expect(openSource(`http://${host}`, 'a').whole('x')).rejects.toThrow(/answers 404: gone .*\[31m$/)
})

test('a push fails if the registry stores another digest', async () => {
  const digest = digestOf('{}')
  const host = await serve((_, response) =>
    response.writeHead(201, { 'docker-content-digest': digestOf('x') }).end(),
  )
  const manifest = { digest, mediaType: 'text/plain', body: Buffer.from('{}') }
  await expect(opened(host).put(manifest, digest)).rejects.toThrow(`has taken ${digestOf('x')} for ${digest}`)
})

test.each([
  [
    403,
    '{"errors":[{"code":"DENIED","message":"not yours"}]}',
    /refuses to take anything into a, as nobody \(nowhere\): HTTP 403 DENIED: not yours/,
  ],
  [405, 'no', /HTTP 405$/],
])('a refused push is reported with the registry’s own words: %s', async (status, body, words) => {
  const host = await serve((_, response) => response.writeHead(status).end(body))
  const blob = { digest: digestOf('x'), mediaType: 'text/plain', body: Buffer.from('x') }
  await expect(opened(host).upload(blob)).rejects.toThrow(words)
})

test('an upload that continues at another host sends no credentials there', async () => {
  const seen: (string | undefined)[] = []
  const other = await serve((request, response) => {
    seen.push(request.headers.authorization)
    request
      .resume()
      .on('end', () =>
        response.writeHead(request.method === 'PUT' ? 201 : 202, { location: request.url }).end(),
      )
  })
  const host = await serve((request, response) => {
    if (request.headers.authorization === undefined)
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
    response.writeHead(202, { location: `http://${other}/upload` }).end()
  })
  const credentials = { credentials: { user: 'u', password: 'p' }, where: 'here' }
  const body = Buffer.from('x')
  await openRegistry({ place: placeAt(host), plainHttp: true, credentials }).upload({
    digest: digestOf('x'),
    mediaType: '',
    body,
  })
  expect(seen).toEqual([undefined, undefined])
})

/** A registry with one empty manifest in an index, under the tag `x` and by digest. */
const withoutSignatures = () => {
  const manifest = '{"layers":[]}'
  const index = JSON.stringify({
    manifests: [{ mediaType: 'm', digest: digestOf(manifest), size: manifest.length }],
  })
  const bodies = new Map([
    ['x', index],
    [digestOf(index), index],
    [digestOf(manifest), manifest],
  ])
  return serve((request, response) => {
    const body = bodies.get((request.url ?? '').split('/').at(-1) ?? '')
    if (body === undefined) return void response.writeHead(404).end()
    response.end(body)
  })
}

test('an unsigned image is copied, and the missing signature is reported', async () => {
  const lines: string[] = []
  const put: string[] = []
  const to = {
    has: async () => true,
    upload: async () => {},
    put: async (_: unknown, reference: string) => void put.push(reference),
    digestOf: async () => undefined,
  }
  const from = openSource(`http://${await withoutSignatures()}`, 'a')
  const digest = await push({ from, to, say: (line) => lines.push(line) }, 'x', 'tag')
  expect(lines).toContain(`${digest} is not signed`)
  expect(put).toEqual([digestOf('{"layers":[]}'), 'tag'])
})

test('a push fails if somebody else moves the tag meanwhile', async () => {
  const to = {
    has: async () => true,
    upload: async () => {},
    put: async () => {},
    digestOf: async () => digestOf('other'),
  }
  const from = openSource(`http://${await withoutSignatures()}`, 'a')
  await expect(push({ from, to, say: () => {} }, 'x', 'tag')).rejects.toThrow('who else pushes there?')
})
