// Downloads over HTTP, and of files where that is allowed: bounded in size, time and redirects.

import { readFile, stat } from 'node:fs/promises'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { get as httpsGet } from 'node:https'
import { fileURLToPath } from 'node:url'
import { ProbeError } from '../model/errors.ts'
import { placesIn } from '../model/places.ts'
import type { Fetch } from '../model/ports.ts'
import { checkLiteral, NotPublicError, publicLookup } from './public-addresses.ts'

export interface FetchOptions {
  /** whether `file:` URLs may be read; never where a client chooses the URL */
  readonly files?: boolean
  /** of the whole download, in milliseconds */
  readonly timeoutMs?: number
  /** the operator's: a redirect may lead to the places that they name, public or not */
  readonly settings?: unknown
  /** told when a download begins, and with each piece that comes; `all`: as its server promises */
  readonly progress?: (url: string, bytes: number, all: number | undefined) => void
}

const MAX_REDIRECTS = 5

export function createFetch(options: FetchOptions = {}): Fetch {
  const { files = false, timeoutMs = 60_000, settings, progress = () => {} } = options
  const own = new Set(placesIn(settings).map((place) => new URL(place).host))
  return async (url, { maxBytes, maxMilliseconds = timeoutMs }) => {
    if (files && url.startsWith('file:')) return fromFile(url, maxBytes)
    const signal = AbortSignal.timeout(Math.min(timeoutMs, maxMilliseconds))
    try {
      const response = await follow(url, own, signal)
      return await bounded(response, url, maxBytes, progress)
    } catch (cause) {
      if (cause instanceof ProbeError) throw cause
      throw new ProbeError('mirror-unreachable', `${nameOf(url)} could not be read: ${reasonOf(cause)}`, {
        cause,
      })
    }
  }
}

async function fromFile(url: string, maxBytes: number): Promise<Uint8Array> {
  const path = fileURLToPath(url)
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw new ProbeError('not-found', `${url} is not there`)
  if (found.size > maxBytes) throw tooLarge(url, maxBytes)
  return readFile(path)
}

/**
 * Redirects by hand: to http and https only, not for ever, and to no address that is not public. What is asked for first
 * is what the operator named, wherever it is; where that sends us on to, its server has chosen.
 */
async function follow(url: string, own: ReadonlySet<string>, signal: AbortSignal): Promise<IncomingMessage> {
  let place = new URL(url)
  const named = new Set([...own, place.host])
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    if (place.protocol !== 'http:' && place.protocol !== 'https:') break
    const response = await ask(place, signal, named.has(place.host))
    const { statusCode = 0, headers } = response
    if (statusCode < 300 || statusCode > 399 || headers.location === undefined) return response
    response.destroy()
    place = new URL(headers.location, place)
  }
  throw new ProbeError(
    'mirror-unreachable',
    `${nameOf(url)} leads nowhere: more than ${MAX_REDIRECTS} redirects, or to no http address`,
  )
}

/** `named`: by the operator, and so at whatever address. */
function ask(place: URL, signal: AbortSignal, named: boolean): Promise<IncomingMessage> {
  const headers = { 'user-agent': 'probe-registry' }
  const anywhere = { headers, signal }
  // A connection of its own: one that stands open was made without the look at its address.
  const options = named ? anywhere : { ...anywhere, agent: false, lookup: publicLookup }
  return new Promise((resolve, reject) => {
    if (!named) checkLiteral(place.hostname)
    const get = place.protocol === 'https:' ? httpsGet : httpGet
    get(place, options, resolve).on('error', reject)
  })
}

/** By the bytes that come, not by the length that is promised. */
async function bounded(
  response: IncomingMessage,
  url: string,
  maxBytes: number,
  progress: NonNullable<FetchOptions['progress']>,
): Promise<Uint8Array> {
  const { statusCode = 0, headers } = response
  if (statusCode < 200 || statusCode > 299) {
    response.destroy()
    const gone = statusCode === 404 || statusCode === 410
    throw new ProbeError(gone ? 'not-found' : 'mirror-unreachable', `${nameOf(url)} answers ${statusCode}`)
  }
  const all = headers['content-length'] === undefined ? undefined : Number(headers['content-length'])
  const chunks: Uint8Array[] = []
  let bytes = 0
  progress(nameOf(url), bytes, all)
  // Leaving the loop destroys the response.
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw tooLarge(url, maxBytes)
    chunks.push(chunk)
    progress(nameOf(url), bytes, all)
  }
  return Buffer.concat(chunks)
}

const tooLarge = (url: string, maxBytes: number): ProbeError =>
  new ProbeError('too-large', `${nameOf(url)} is larger than the ${maxBytes} bytes that were expected`)

/** Without its query: a presigned URL is a secret. */
const nameOf = (url: string): string => url.replace(/\?.*$/s, '')

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  if (cause instanceof NotPublicError)
    return `it sends us on, and ${cause.message}: only what the settings name may be there`
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join('; ')
  return cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message
}
