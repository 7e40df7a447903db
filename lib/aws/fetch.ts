// Downloads over HTTP, and reads files if allowed. Limits size, time and redirects.

import { readFile, stat } from 'node:fs/promises'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { get as httpsGet } from 'node:https'
import { fileURLToPath } from 'node:url'
import { codeOf, ProbeError } from '../model/errors.ts'
import { joined } from '../model/joined.ts'
import type { NetworkSettings } from '../model/network.ts'
import { placesIn, withoutSecrets } from '../model/places.ts'
import type { Fetch } from '../model/ports.ts'
import { messageOf, type Way, type Ways, waysBy } from './ways.ts'

interface FetchOptions {
  /** allows `file:` URLs; never set it if a client chooses the URL */
  readonly files?: boolean
  /** milliseconds for the complete download */
  readonly timeoutMs?: number
  /** the operator's settings: redirects may lead to the places in them, even if these are not public */
  readonly settings?: unknown
  /** proxy and certificates for mirrors; absent: connects directly, as to the registry's own services */
  readonly network?: NetworkSettings
  /** called when a download begins, and for each chunk; `all`: the Content-Length */
  readonly progress?: (url: string, bytes: number, all: number | undefined) => void
}

const MAX_REDIRECTS = 5

export function createFetch(options: FetchOptions = {}): Fetch {
  const { files = false, timeoutMs = 60_000, settings, network, progress = () => {} } = options
  const ways = waysBy(network, timeoutMs)
  // A redirect may not lead to the proxy.
  const own = placesIn(settings).filter((place) => place !== network?.proxy)
  const named = new Set(own.map((place) => new URL(place).host))
  return async (url, { maxBytes, maxMilliseconds = timeoutMs }) => {
    if (files && url.startsWith('file:')) return fromFile(url, maxBytes)
    const signal = AbortSignal.timeout(Math.min(timeoutMs, maxMilliseconds))
    try {
      const response = await follow(url, named, ways, signal)
      return await bounded(response, url, maxBytes, progress)
    } catch (cause) {
      if (cause instanceof ProbeError) throw cause
      throw unread(url, messageOf(cause), cause)
    }
  }
}

async function fromFile(url: string, maxBytes: number): Promise<Uint8Array> {
  const path = fileURLToPath(url)
  const refuse = (cause: unknown): never => {
    // Other errors, such as a missing permission or a broken disk, do not prove that the file is absent.
    if (!['ENOENT', 'ENOTDIR'].includes(codeOf(cause))) throw unread(url, messageOf(cause), cause)
    throw new ProbeError('not-found', `${url} is not there`)
  }
  const { size } = await stat(path).catch(refuse)
  if (size > maxBytes) throw tooLarge(url, maxBytes)
  return readFile(path).catch(refuse)
}

/** Follows redirects over http and https, only to public addresses or places of the operator, because servers choose the URLs. */
async function follow(
  url: string,
  own: ReadonlySet<string>,
  ways: Ways,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let place = new URL(url)
  const named = new Set([...own, place.host])
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    if (place.protocol !== 'http:' && place.protocol !== 'https:') break
    const response = await ask(url, place, ways(place, named.has(place.host)), signal)
    const { statusCode = 0, headers } = response
    if (statusCode < 300 || statusCode > 399 || headers.location === undefined) return response
    response.destroy()
    place = new URL(headers.location, place)
  }
  throw new ProbeError(
    'mirror-unreachable',
    `${withoutSecrets(url)} has more than ${MAX_REDIRECTS} redirects, or one to a URL that is not http or https`,
  )
}

/** Sends one request to `place`. `url`: the first URL, for messages. */
function ask(url: string, place: URL, way: Way, signal: AbortSignal): Promise<IncomingMessage> {
  const options = { ...way.options, headers: { 'user-agent': 'probe-registry' }, signal }
  const get = place.protocol === 'https:' ? httpsGet : httpGet
  return new Promise((resolve, reject) => {
    const unreached = (cause: unknown): void => reject(unread(url, way.reason(cause), cause))
    // Needed because the signal does not end Node's wait for a tunnel through a proxy.
    signal.addEventListener('abort', () => unreached(signal.reason), { once: true })
    const request = get(place, options, (response) => {
      const refusal = way.refusal(response.statusCode ?? 0)
      if (refusal === undefined) return resolve(response)
      response.destroy()
      reject(unread(url, refusal))
    })
    request.on('error', (cause) => {
      // A server may close a kept connection just when it is used again. Then try a new connection
      // (https://nodejs.org/api/http.html#requestreusedsocket).
      if (request.reusedSocket && codeOf(cause) === 'ECONNRESET') resolve(ask(url, place, way, signal))
      else unreached(cause)
    })
  })
}

async function bounded(
  response: IncomingMessage,
  url: string,
  maxBytes: number,
  progress: NonNullable<FetchOptions['progress']>,
): Promise<Uint8Array> {
  const { statusCode = 0, headers } = response
  if (statusCode < 200 || statusCode > 299) {
    response.destroy()
    throw refusal(url, statusCode)
  }
  const all = headers['content-length'] === undefined ? undefined : Number(headers['content-length'])
  const told = (bytes: number): void => progress(withoutSecrets(url), bytes, all)
  told(0)
  return joined(response, maxBytes, () => tooLarge(url, maxBytes), told)
}

/** 404 and 410 prove that the file is absent. A 403 does not: see `answers403`. */
function refusal(url: string, status: number): ProbeError {
  const what = `${withoutSecrets(url)} answers ${status}`
  if (status === 404 || status === 410) return new ProbeError('not-found', what)
  return new ProbeError('mirror-unreachable', what, { cause: { status } })
}

const tooLarge = (url: string, maxBytes: number): ProbeError =>
  new ProbeError(
    'too-large',
    `${withoutSecrets(url)} is larger than the ${maxBytes} bytes that were expected`,
  )

const unread = (url: string, why: string, cause?: unknown): ProbeError =>
  new ProbeError('mirror-unreachable', `${withoutSecrets(url)} could not be read: ${why}`, { cause })
