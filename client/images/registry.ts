// Pushes blobs and manifests to an image registry.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#push

import { createHash } from 'node:crypto'
import { messageOf } from '../../lib/aws/ways.ts'
import { printable } from '../../lib/model/text.ts'
import { challengeOf } from './challenge.ts'
import type { Found } from './credentials.ts'
import type { Place } from './reference.ts'

/** Bytes to push, with the digest (`sha256:...`) that was verified. */
export interface Content {
  readonly mediaType: string
  readonly digest: string
  readonly body: Uint8Array
}

export interface Registry {
  has(digest: string): Promise<boolean>
  /** Continues an interrupted upload at the offset that the registry reports. */
  upload(blob: Content): Promise<void>
  /** Stores a manifest; `reference` is its digest or a tag. */
  put(manifest: Content, reference: string): Promise<void>
  /** `undefined`: the registry has no such manifest, or does not report its digest */
  digestOf(reference: string): Promise<string | undefined>
}

export interface RegistryOptions {
  readonly place: Place
  readonly plainHttp: boolean
  readonly credentials: Found
  /** timeout of one request in milliseconds; default 60 s */
  readonly timeoutMs?: number
}

/** Maximum attempts to continue an upload or to ask a busy registry. */
const TRIES = 5
/** Some registries refuse smaller chunks, except for the last one. */
const CHUNK = 8 * 1024 * 1024
const DOCKER_HUB = 'docker.io'

/**
 * @throws {Error} with a readable message if the registry refuses a request; the message never contains a
 * password or token
 */
export function openRegistry({
  place,
  plainHttp,
  credentials,
  timeoutMs = 60_000,
}: RegistryOptions): Registry {
  const scheme = plainHttp ? 'http' : 'https'
  const host = place.host === DOCKER_HUB ? 'registry-1.docker.io' : place.host
  const base = new URL(`${scheme}://${host}/v2/${place.name}/`)
  let authorization: string | undefined

  async function send(method: string, url: URL, headers: Headers = {}, body?: Uint8Array): Promise<Response> {
    // Do not send our credentials to another host, even if it receives a part of the upload.
    const own = url.host === base.host && authorization !== undefined ? { authorization } : {}
    const init = {
      method,
      headers: { ...headers, ...own },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    } as const
    return fetch(url, body === undefined ? init : { ...init, body })
  }

  async function ask(method: string, url: URL, headers: Headers = {}, body?: Uint8Array): Promise<Response> {
    for (let tries = TRIES; ; tries -= 1) {
      const response = await send(method, url, headers, body)
      if (response.status === 401 && tries === TRIES) {
        await response.body?.cancel()
        authorization = await authorize(response.headers.get('www-authenticate'))
      } else if (!BUSY.includes(response.status) || tries <= 1) return response
      else {
        await response.body?.cancel()
        await pause(TRIES - tries)
      }
    }
  }

  async function authorize(header: string | null): Promise<string> {
    const challenge = challengeOf(header)
    const { credentials: own, where } = credentials
    const basic = own && `Basic ${Buffer.from(`${own.user}:${own.password}`).toString('base64')}`
    if (challenge.tag === 'unknown')
      throw new Error(`${host} wants to know who asks, in a way that is not known here`)
    if (challenge.tag === 'basic') {
      if (basic === undefined) throw new Error(`${host} wants a name and a password: ${where}`)
      return basic
    }
    const realm = new URL(challenge.realm)
    if (realm.protocol !== 'https:' && !plainHttp)
      throw new Error(`${host} would have its password sent to ${realm.origin}, in the clear: it is not sent`)
    if (challenge.service !== undefined) realm.searchParams.set('service', challenge.service)
    realm.searchParams.set('scope', `repository:${place.name}:pull,push`)
    const signal = AbortSignal.timeout(timeoutMs)
    const answer = await fetch(realm, {
      headers: basic === undefined ? {} : { authorization: basic },
      redirect: 'error',
      signal,
    })
    if (!answer.ok) throw await refusal(answer, `${realm.host} gives no token for ${host} (${where})`)
    const { token, access_token } = (await answer.json()) as Readonly<Record<string, unknown>>
    const given = token ?? access_token
    if (typeof given !== 'string') throw new Error(`${realm.host} answers without a token`)
    return `Bearer ${given}`
  }

  /** @throws {Error} with the registry's own message */
  async function expecting(
    what: string,
    asked: Promise<Response>,
    ...statuses: readonly number[]
  ): Promise<Response> {
    const response = await asked
    if (statuses.includes(response.status)) return response
    const who =
      response.status === 401 || response.status === 403
        ? `, as ${credentials.credentials?.user ?? 'nobody'} (${credentials.where})`
        : ''
    throw await refusal(response, `${host} refuses ${what}${who}`)
  }

  const at = (path: string): URL => new URL(path, base)

  /** Starts an upload. Returns the URL of the next chunk, and how many bytes the registry has. */
  async function begin(): Promise<Upload> {
    const response = await expecting(
      `to take anything into ${place.name}`,
      ask('POST', at('blobs/uploads/')),
      202,
    )
    return { location: locationOf(response, base), offset: 0 }
  }

  async function goOn(upload: Upload, blob: Content): Promise<Upload> {
    const end = Math.min(upload.offset + CHUNK, blob.body.length)
    const headers = {
      'content-type': 'application/octet-stream',
      'content-range': `${upload.offset}-${end - 1}`,
    }
    const part = blob.body.subarray(upload.offset, end)
    const response = await expecting(
      `a part of ${blob.digest}`,
      ask('PATCH', upload.location, headers, part),
      202,
    )
    await response.body?.cancel()
    return { location: locationOf(response, upload.location), offset: end }
  }

  /**
   * Asks the registry for its offset after a broken connection, or starts again if it has forgotten the
   * upload.
   */
  async function takeUp(upload: Upload): Promise<Upload> {
    const response = await ask('GET', upload.location)
    await response.body?.cancel()
    const last = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.get('range') ?? '')?.[1]
    if (response.status !== 204 || last === undefined) return begin()
    // A registry reports `0-0` for an empty upload and for a single byte, so send that byte again.
    const offset = Number(last) === 0 ? 0 : Number(last) + 1
    return offset === 0 ? begin() : { location: locationOf(response, upload.location), offset }
  }

  async function finish(upload: Upload, { digest }: Content): Promise<void> {
    const url = new URL(upload.location)
    url.searchParams.set('digest', digest)
    const response = await expecting(digest, ask('PUT', url, { 'content-length': '0' }), 201)
    checkDigest(response, digest, host)
  }

  return {
    async has(digest) {
      const response = await expecting(
        `to say whether it has ${digest}`,
        ask('HEAD', at(`blobs/${digest}`)),
        200,
        307,
        404,
      )
      return response.status !== 404
    },
    async upload(blob) {
      let upload = await begin()
      for (let tries = TRIES; ; ) {
        try {
          while (upload.offset < blob.body.length) upload = await goOn(upload, blob)
          return await finish(upload, blob)
        } catch (error) {
          tries -= 1
          if (!isBrokenOff(error) || tries === 0)
            throw told(error, `the upload of ${blob.digest} to ${host} breaks off again and again`)
          await pause(TRIES - tries)
          upload = await takeUp(upload).catch(() => begin())
        }
      }
    },
    async put({ mediaType, digest, body }, reference) {
      const asked = ask('PUT', at(`manifests/${reference}`), { 'content-type': mediaType }, body)
      checkDigest(await expecting(`the manifest ${digest}`, asked, 201), digest, host)
    },
    async digestOf(reference) {
      const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json'
      const response = await ask('HEAD', at(`manifests/${reference}`), { accept })
      return response.status === 200
        ? (response.headers.get('docker-content-digest') ?? undefined)
        : undefined
    },
  }
}

type Headers = Readonly<Record<string, string>>
interface Upload {
  readonly location: URL
  readonly offset: number
}

const BUSY = [429, 502, 503, 504]

/** True for errors of fetch that mean that no response arrived. */
const isBrokenOff = (error: unknown): boolean =>
  error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError')

const told = (error: unknown, what: string): unknown =>
  isBrokenOff(error) ? new Error(`${what}: ${messageOf(error)}`, { cause: error }) : error

const pause = (tries: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, 100 * 2 ** Math.min(tries, 5)))

function locationOf({ headers }: Response, base: URL): URL {
  const location = headers.get('location')
  if (location === null) throw new Error(`${base.host} does not say where the upload goes on`)
  return new URL(location, base)
}

/** Refuses a response with a different digest: the registry stored something else. */
function checkDigest({ headers }: Response, digest: string, host: string): void {
  const said = headers.get('docker-content-digest')
  if (said !== null && said !== digest)
    throw new Error(`${host} has taken ${printable(said, 80)} for ${digest}`)
}

/** Includes the registry's own message, if there is one. */
async function refusal(response: Response, what: string): Promise<Error> {
  const text = await response.text().catch(() => '')
  return new Error(`${what}: HTTP ${response.status}${wordsIn(text)}`)
}

function wordsIn(text: string): string {
  try {
    const { errors = [] } = JSON.parse(text) as { errors?: { code?: unknown; message?: unknown }[] }
    const words = errors.map(({ code, message }) => `${code}: ${message}`).join('; ')
    return words === '' ? '' : ` ${printable(words, 400)}`
  } catch {
    return ''
  }
}

export const digestOfBytes = (body: Uint8Array): string =>
  `sha256:${createHash('sha256').update(body).digest('hex')}`
