// A small registry on loopback, which answers as the test sets it: also with false, truncated and endless answers.

import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { submissionAnswer } from '../../../lib/api/schemas.ts'
import { generateSigningKey, type SigningKey } from '../../../lib/signing/key.ts'
import { createSigner } from '../../../lib/signing/signer.ts'

type Handler = (response: ServerResponse, request: IncomingMessage, body: Buffer) => void

export interface Loopback {
  readonly url: string
  /** by path, as in the request line but without its query; the last answer repeats */
  readonly routes: Map<string, Handler[]>
  readonly asked: {
    readonly method: string
    readonly url: string
    readonly body: Buffer
    readonly type: string
  }[]
  on(path: string, ...handlers: Handler[]): void
  close(): Promise<void>
}

export async function loopback(): Promise<Loopback> {
  const routes: Loopback['routes'] = new Map()
  const asked: Loopback['asked'] = []
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    asked.push({ method, url, body, type: headers['content-type'] ?? '' })
    const handlers = routes.get(url.split('?')[0] ?? '') ?? [problem(404, 'not-found', 'nothing is here')]
    const handler = handlers.length > 1 ? handlers.shift() : handlers[0]
    handler?.(response, request, body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    routes,
    asked,
    on: (path, ...handlers) => void routes.set(path, handlers),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export const bytes =
  (body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Handler =>
  (response) => {
    response.writeHead(200, { 'content-length': body.length, ...headers }).end(body)
  }

/** As functions/runtime/http.ts writes it. */
export const json =
  (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Handler =>
  (response) => {
    const type = status === 200 ? 'application/json' : 'application/problem+json'
    response
      .writeHead(status, { 'content-type': type, ...headers })
      .end(`${JSON.stringify(body, undefined, 2)}\n`)
  }

export const problem = (status: number, code: string, detail: string, headers = {}): Handler =>
  json({ type: `urn:probe-registry:problem:${code}`, title: 'No', status, detail, code }, status, headers)

export const redirect =
  (location: string): Handler =>
  (response) => {
    response.writeHead(307, { location }).end()
  }

/** A body with its complete length announced, which is cut off. */
export const cut =
  (body: Uint8Array, at: number): Handler =>
  (response) => {
    response.writeHead(200, { 'content-length': body.length })
    response.write(body.subarray(0, at), () => setTimeout(() => response.destroy(), 50))
  }

/** Zeros without end. */
export const flood: Handler = (response) => {
  response.writeHead(200)
  const zeros = Buffer.alloc(1 << 20)
  const more = () => {
    while (!response.destroyed && response.write(zeros));
  }
  response.on('drain', more)
  more()
}

/** One byte, and then no more. */
export const stall: Handler = (response) => {
  response.writeHead(200, { 'content-length': 1000 })
  response.write('x')
}

export const newKey = (email: string): Promise<SigningKey> =>
  generateSigningKey({ name: 'Probes', email }, () => Date.now() - 60_000)

/** Serves the probe and its sidecars as a registry with that key does; `as`: of `statementOf`. */
export async function publish(
  { on }: Pick<Loopback, 'on'>,
  path: string,
  body: Uint8Array,
  key: SigningKey,
  as: readonly string[],
): Promise<void> {
  const { sign } = createSigner(async () => key.privateKey, Date.now)
  on(path, bytes(body))
  on(`${path}.asc`, bytes(Buffer.from(await sign(body, as))))
  on(
    `${path}.sha256`,
    bytes(`${createHash('sha256').update(body).digest('hex')}  ${path.split('/').at(-1)}\n`),
  )
}

const DIGEST = 'c0ffee'.padEnd(64, '0')
export const CONFIG_REPOSITORY = `/config/${DIGEST}`
export const FOLLOW = '/v1/probes/ZmFsY28tcHJvYmU'

/** One probe in that state, as the API shows it. */
export const view = (state: string, more: Readonly<Record<string, unknown>> = {}) => ({
  id: 'ZmFsY28tcHJvYmU',
  driverVersion: '9.1.0+driver',
  driverName: 'falco',
  kind: 'kmod',
  arch: 'x86_64',
  target: 'vanilla',
  kernelRelease: '6.1.55-mine',
  kernelVersion: '39',
  config: DIGEST,
  state,
  url: `${CONFIG_REPOSITORY}/9.1.0+driver/x86_64/falco_vanilla_6.1.55-mine_39.ko`,
  follow: FOLLOW,
  ...(state === 'building' ? { log: `${CONFIG_REPOSITORY}/probe.ko.log` } : {}),
  ...more,
})

const RUNS = {
  answer: 'yes',
  byDefault: 'loads',
  reasons: [{ code: 'x', option: 'CONFIG_X', effect: 'note', detail: 'It runs.', source: 'x' }],
}

interface Told {
  readonly repository?: string
  readonly verdicts?: readonly unknown[]
}

/** The answer to a submission; it is checked against the API's own schema. */
export function submitted(probe: ReturnType<typeof view>, { repository, verdicts }: Told = {}): Handler {
  return json(
    submissionAnswer.parse({
      config: {
        sha256: DIGEST,
        md5: 'c0ffee'.padEnd(32, '0'),
        neutralized: [{ option: 'CONFIG_SYSTEM_TRUSTED_KEYS', was: '"a.pem"', now: '""' }],
        ignored: [],
        ignoredLines: 0,
      },
      ignored: [],
      contradictions: [],
      advice: [],
      summary: { modernEbpf: RUNS, kmod: RUNS, ebpf: RUNS },
      kernel: {
        arch: 'x86_64',
        target: 'vanilla',
        kernelRelease: '6.1.55-mine',
        kernelVersion: '39',
        unameRelease: '6.1.55-mine',
      },
      compiler: {
        command: 'gcc-12',
        family: 'gcc',
        version: '12.2.0',
        from: 'config',
        exact: true,
        detail: 'gcc 12',
      },
      verdicts: verdicts ?? [],
      repository: repository ?? CONFIG_REPOSITORY,
      probes: [probe],
    }),
  )
}
