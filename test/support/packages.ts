// A registry of published probes without builds: it has an index in memory and real signatures, and serves the package
// repositories over HTTP.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DEFAULTS } from '../../lib/kernels/settings.ts'
import { sha256 } from '../../lib/model/digest.ts'
import { isProbeError } from '../../lib/model/errors.ts'
import { PUBLIC_KEY_OBJECT } from '../../lib/model/keys.ts'
import type { Publication } from '../../lib/model/probe.ts'
import { fileOf } from '../../lib/names/file.ts'
import { probeOf } from '../../lib/names/grammar.ts'
import { packageAnswer } from '../../lib/packages/answer.ts'
import type { PackagePorts } from '../../lib/packages/channel.ts'
import { packages, refreshPackages } from '../../lib/packages/packages.ts'
import { type Answer, problemOf } from '../../lib/serve/answer.ts'
import { generateSigningKey } from '../../lib/signing/key.ts'
import { createSigner } from '../../lib/signing/signer.ts'
import { statementOf } from '../../lib/signing/statement.ts'
import { memoryPorts } from './memory.ts'

const HOUR = 3_600_000

export interface PublishedProbe {
  /** e.g. `driver/0.20.0/x86_64/scap_debian_6.1.192-2-amd64_1.ko` */
  readonly key: string
  readonly unameRelease: string
  readonly module: Uint8Array
}

/** Changes an answer on its way to a client. `path`: as the client requested it. */
export type Tamper = (path: string, body: Uint8Array) => Uint8Array

export async function startRepositories(settings: Partial<typeof DEFAULTS> = {}) {
  // The clock starts in the past, so that a test can move it forward.
  let ahead = -3 * HOUR
  const now = () => Date.now() + ahead
  const memory = memoryPorts({ now })
  const key = await generateSigningKey({ name: 'Probe registry', email: 'probes@example.org' }, () => 0)
  const ports: PackagePorts = {
    index: memory.index,
    artifacts: memory.store.artifacts,
    pointers: memory.pointers,
    images: memory.imageItems,
    signer: createSigner(async () => key.privateKey, now),
    now,
    log: memory.log,
    settings: { ...DEFAULTS, ...settings },
  }
  const { states, objects } = memory.inside
  const put = (name: string, body: Uint8Array) =>
    memory.store.artifacts.create(name, body, { contentType: '', sha256: sha256(body) })

  async function publish({ key, unameRelease, module }: PublishedProbe): Promise<void> {
    const probe = probeOf(key)
    const source = { name: 'driver', version: '1', url: 'https://example.org/driver', sha256: 'a'.repeat(64) }
    const provenance = {
      ...{ unameRelease, driverSource: source, headers: [{ ...source, name: 'linux-headers' }] },
      ...{ compiler: 'gcc-12', compilerVersion: 'gcc 12', timings: {} },
    }
    const digest = sha256(module)
    const objectKey = `${key}/${digest}/${fileOf(probe)}`
    const publication: Publication = {
      ...{ sha256: digest, bytes: module.length, objectKey, publishedAt: now(), provenance },
    }
    const signature = await ports.signer.sign(module, statementOf({ probe, ...provenance }))
    await put(objectKey, module)
    await put(`${objectKey}.asc`, Buffer.from(signature))
    states.set(key, { state: 'published', id: 'c', attempt: 1, ...publication })
    await packages(ports, key)
  }

  async function withdraw(key: string): Promise<void> {
    const state = states.get(key)
    if (state?.state !== 'published') throw new Error(`${key} is not published`)
    states.set(key, { ...state, withdrawn: { reason: 'it panics', at: now() } })
    await packages(ports, key)
  }

  let tamper: Tamper = (_, body) => body
  const answer = async (path: string): Promise<Answer | Uint8Array> => {
    if (path === `/${PUBLIC_KEY_OBJECT}`) return Buffer.from(key.publicKey)
    try {
      return await packageAnswer(
        {
          index: memory.index,
          pointers: memory.pointers,
          artifacts: memory.presigner.artifacts,
          settings: ports.settings,
        },
        { method: 'GET', path, query: '' },
      )
    } catch (error) {
      if (isProbeError(error)) return { tag: 'problem', problem: problemOf(error) }
      throw error
    }
  }
  const asked: string[] = []
  const server = createServer(async ({ url = '' }, response) => {
    const [, object] = /^\/objects\/(.*)\?from=(.*)$/.exec(url) ?? []
    if (object !== undefined) {
      const body = objects.artifacts.get(decodeURIComponent(object))?.body
      const from = decodeURIComponent(url.replace(/^.*from=/, ''))
      return void (body === undefined ? response.writeHead(404).end() : response.end(tamper(from, body)))
    }
    asked.push(url)
    const answered = await answer(url)
    if (answered instanceof Uint8Array) return void response.end(answered)
    if (answered.tag !== 'redirect')
      return void response.writeHead(answered.tag === 'problem' ? answered.problem.status : 500).end()
    const target = new URL(answered.location).pathname.slice(1)
    response.writeHead(307, {
      location: `/objects/${encodeURIComponent(target)}?from=${encodeURIComponent(url)}`,
    })
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    publicKey: key.publicKey,
    ports,
    memory,
    publish,
    withdraw,
    /** the requested paths */
    asked,
    refresh: () => refreshPackages(ports),
    pass: (milliseconds: number) => {
      ahead += milliseconds
    },
    onTheWay: (next: Tamper = (_, body) => body) => {
      tamper = next
    },
    /** Keeps all lists as they are now; the returned call serves them again, as an attacker with old lists does. */
    keepLists: async (id: string) => {
      const kept = (await memory.pointers.read(id))!
      return (): void => {
        memory.pointers.read = async () => kept
      }
    },
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
