// A registry in memory with rpm repositories: tests publish and withdraw probes, and can serve it over HTTP.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DEFAULTS } from '../../../lib/kernels/settings.ts'
import { sha256 } from '../../../lib/model/digest.ts'
import { isProbeError, ProbeError } from '../../../lib/model/errors.ts'
import { PUBLIC_KEY_OBJECT } from '../../../lib/model/keys.ts'
import type { Clock, Presigner, Signer } from '../../../lib/model/ports.ts'
import type { Arch, ProbeState, Source } from '../../../lib/model/probe.ts'
import { packageAnswer } from '../../../lib/packages/answer.ts'
import type { PackagePorts } from '../../../lib/packages/channel.ts'
import { packages } from '../../../lib/packages/packages.ts'
import { problemOf } from '../../../lib/serve/answer.ts'
import { generateSigningKey, type SigningKey } from '../../../lib/signing/key.ts'
import { createSigner } from '../../../lib/signing/signer.ts'
import { memoryPorts } from '../memory.ts'

export const DRIVER_VERSION = '10.2.0+driver'
const START = Date.UTC(2026, 10, 28)

let key: Promise<SigningKey> | undefined
/** One key for all tests of a file, because generating RSA of 4096 bits is slow. */
export const registryKey = (): Promise<SigningKey> => {
  key ??= generateSigningKey({ name: 'Probe registry', email: 'probes@registry.invalid' }, () => START - 1000)
  return key
}

export interface Kernel {
  readonly target: string
  /** `uname -r` */
  readonly release: string
  readonly arch?: Arch
  /** its header package, with the package's version */
  readonly headers?: Pick<Source, 'name' | 'version'>
  readonly driverVersion?: string
  readonly module?: Uint8Array
}

export const keyOf = ({ target, release, arch = 'x86_64', driverVersion = DRIVER_VERSION }: Kernel): string =>
  `driver/${driverVersion}/${arch}/falco_${target}_${release}_1.ko`

const NONE = { url: 'https://mirror.invalid/x', sha256: 'a'.repeat(64) }

export interface RpmRegistryOptions {
  /** the key that signs packages; absent: the registry's own key, which also signs the lists */
  readonly packager?: SigningKey
  /** absent: a real signer */
  readonly signer?: Signer
}

export async function rpmRegistry({ packager, signer }: RpmRegistryOptions = {}) {
  const { privateKey, publicKey } = await registryKey()
  const clock = { now: START }
  const now = () => clock.now
  const memory = memoryPorts({ now })
  const own = signer ?? createSigner(async () => privateKey, now)
  const ports: PackagePorts = {
    index: memory.index,
    artifacts: memory.store.artifacts,
    pointers: memory.pointers,
    images: memory.imageItems,
    signer: packager === undefined ? own : { ...own, sign: signedByTwo(own, packager, now) },
    now,
    log: () => {},
    settings: DEFAULTS,
  }
  const { artifacts } = memory.inside.objects
  const put = (objectKey: string, body: Uint8Array) =>
    ports.artifacts.create(objectKey, body, { contentType: 'x/y', sha256: sha256(body) })

  /** Stores a published probe, but does not update the repositories. */
  async function keep(kernel: Kernel, more: Partial<Extract<ProbeState, { state: 'published' }>> = {}) {
    const { release, headers, module = Buffer.from(`module of ${kernel.release}`) } = kernel
    const probeKey = keyOf(kernel)
    const objectKey = `${probeKey}/${sha256(module)}/probe.ko`
    await put(objectKey, module)
    await put(`${objectKey}.asc`, Buffer.from('a signature'))
    memory.inside.states.set(probeKey, {
      ...{ state: 'published', id: 'claim', attempt: 1, objectKey, publishedAt: START },
      ...{ sha256: sha256(module), bytes: module.length },
      provenance: {
        ...{ unameRelease: release, compiler: 'gcc-12', compilerVersion: 'gcc 12', timings: {} },
        driverSource: { name: 'scap', version: '1', ...NONE },
        headers: headers === undefined ? [] : [{ ...headers, ...NONE }],
      },
      ...more,
    })
  }
  async function publish(...what: Parameters<typeof keep>) {
    await keep(...what)
    await packages(ports, keyOf(what[0]))
  }
  const withdraw = (kernel: Kernel) => publish(kernel, { withdrawn: { reason: 'it panics', at: 1 } })
  const body = (objectKey: string): Uint8Array => {
    const found = artifacts.get(objectKey)
    if (found === undefined) throw new Error(`there is no ${objectKey}`)
    return found.body
  }
  return { ports, memory, clock, publicKey, keep, publish, withdraw, body, artifacts }
}
/** Only the signatures of packages have a date from the caller. */
function signedByTwo(lists: Signer, { privateKey }: SigningKey, now: Clock): Signer['sign'] {
  const packages = createSigner(async () => privateKey, now)
  return (body, statement, at) => (at === undefined ? lists : packages).sign(body, statement, at)
}

export type RpmRegistry = Awaited<ReturnType<typeof rpmRegistry>>

/** Changes an answer to a host, by its path and its correct body. */
export type Tamper = (path: string, body: Uint8Array) => Uint8Array

export interface Served {
  readonly url: string
  /** the requested paths, in order */
  readonly asked: string[]
  /** `undefined`: answers are correct again */
  tamper(by: Tamper | undefined): void
  /** Runs `happens` once, before the next answer to a path with that end; several calls run one after another. */
  before(end: string, happens: () => Promise<void>): void
  stop(): void
}

/** Serves the routes of the registry on loopback; they redirect to objects on the same server, in place of a bucket. */
export async function serveRpms(registry: RpmRegistry): Promise<Served> {
  const asked: string[] = []
  let change: Tamper | undefined
  const coming: { readonly end: string; readonly happens: () => Promise<void> }[] = []
  const presigner = (url: string): Presigner => {
    const to = async (objectKey: string) => `${url}/objects/${encodeURIComponent(objectKey)}`
    return { get: to, head: to, put: to }
  }
  const bodyAt = async (method: string, path: string, query: string): Promise<Uint8Array | string> => {
    if (path === `/${PUBLIC_KEY_OBJECT}`) return Buffer.from(registry.publicKey)
    if (path.startsWith('/objects/')) return registry.body(decodeURIComponent(path.slice('/objects/'.length)))
    const ports = { ...registry.ports, artifacts: presigner(urlOf()) }
    const answer = await packageAnswer(ports, { method, path, query })
    if (answer.tag === 'bytes') return answer.body
    if (answer.tag === 'redirect') return answer.location
    throw new Error(`an answer ${answer.tag}`)
  }
  const server = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url ?? '', 'http://registry')
    asked.push(pathname)
    try {
      if (pathname.endsWith(coming[0]?.end ?? '//')) await coming.shift()!.happens()
      const found = await bodyAt(request.method ?? 'GET', pathname, search.slice(1))
      if (typeof found === 'string') response.writeHead(307, { location: found }).end()
      else response.end(change?.(decodeURIComponent(pathname), found) ?? found)
    } catch (error) {
      const known = isProbeError(error) ? error : new ProbeError('not-found', String(error))
      response.writeHead(problemOf(known).status).end(known.message)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const urlOf = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: urlOf(),
    asked,
    tamper: (by) => {
      change = by
    },
    before: (end, happens) => void coming.push({ end, happens }),
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
