// A small HTTP proxy like that of a company, and a mirror of that company with a certificate of its own authority. Only the
// proxy can resolve the names.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, request, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TestProxy {
  readonly port: number
  /** of each request: method, URL, and name and password, if it has them */
  readonly asked: string[]
  /** the status that the proxy answers in place of forwarding */
  status: number | undefined
  readonly stop: () => void
}

/** `ports`: ports of this machine, by the host names that the proxy resolves to them. */
export async function startProxy(ports: Readonly<Record<string, number>>): Promise<TestProxy> {
  const server = createServer()
  const proxy: TestProxy = {
    port: await listen(server),
    asked: [],
    status: undefined,
    stop: () => close(server),
  }
  const portOf = (place: string): number | undefined => ports[new URL(place).hostname]
  const note = (method = '', place = '', credentials = ''): void => {
    const [, base64 = ''] = credentials.split(' ')
    proxy.asked.push([method, place, Buffer.from(base64, 'base64').toString()].join(' ').trimEnd())
  }
  server.on('request', (asked, answer) => {
    const { method, url = '', headers } = asked
    note(method, url, headers['proxy-authorization'])
    const port = portOf(url)
    if (proxy.status !== undefined || port === undefined) return answer.writeHead(proxy.status ?? 502).end()
    const { pathname, search } = new URL(url)
    const path = pathname + search
    const place = request({ port, host: '127.0.0.1', path, headers: { host: headers.host } }, (found) => {
      answer.writeHead(found.statusCode ?? 502, found.headers)
      found.pipe(answer)
    })
    place.on('error', () => answer.writeHead(502).end()).end()
  })
  server.on('connect', ({ method, url, headers }, socket) => {
    note(method, url, headers['proxy-authorization'])
    const port = portOf(`https://${url}`)
    if (proxy.status !== undefined || port === undefined)
      return socket.end(`HTTP/1.1 ${proxy.status ?? 502} No\r\n\r\n`)
    const place = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Yes\r\n\r\n')
      socket.pipe(place).pipe(socket)
    })
    for (const end of [socket, place]) end.on('error', () => {})
  })
  return proxy
}

export interface Authority {
  /** PEM */
  readonly certificate: string
  /** Starts a server with a certificate for that name; returns its port. */
  readonly serve: (name: string, answer: RequestListener) => Promise<{ port: number; stop: () => void }>
}

/** Makes a private authority with openssl. */
export function makeAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'authority-'))
  const run = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  run('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=A Company', '-days', '9')
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const certificate = read('ca.pem')
  return {
    certificate,
    serve: async (name, answer) => {
      run('req', ...key, '-keyout', 'own.key', '-out', 'own.csr', '-subj', `/CN=${name}`)
      writeFileSync(join(folder, 'names'), `subjectAltName=DNS:${name}\n`)
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '9']
      run('x509', '-req', '-in', 'own.csr', '-out', 'own.pem', ...by)
      const server = createTlsServer({ key: read('own.key'), cert: read('own.pem') }, answer)
      rmSync(folder, { recursive: true })
      return { port: await listen(server), stop: () => close(server) }
    },
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

function close(server: Server): void {
  server.closeAllConnections()
  server.close()
}
