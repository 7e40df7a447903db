// Downloads over HTTP, and of files where that is allowed: bounded in size, time and redirects.

import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { ProbeError } from '../model/errors.ts'
import type { Fetch } from '../model/ports.ts'

export interface FetchOptions {
  /** whether `file:` URLs may be read; never where a client chooses the URL */
  readonly files?: boolean
  /** of the whole download, in milliseconds */
  readonly timeoutMs?: number
}

const MAX_REDIRECTS = 5

export function createFetch({ files = false, timeoutMs = 60_000 }: FetchOptions = {}): Fetch {
  return async (url, { maxBytes }) => {
    if (files && url.startsWith('file:')) return fromFile(url, maxBytes)
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const response = await follow(url, signal)
      return await bounded(response, url, maxBytes)
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

/** Redirects by hand: to http and https only, and not for ever. */
async function follow(url: string, signal: AbortSignal): Promise<Response> {
  let place = new URL(url)
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    if (place.protocol !== 'http:' && place.protocol !== 'https:') break
    const response = await fetch(place, { signal, redirect: 'manual' })
    const location = response.headers.get('location')
    if (response.status < 300 || response.status > 399 || location === null) return response
    await response.body?.cancel()
    place = new URL(location, place)
  }
  throw new ProbeError(
    'mirror-unreachable',
    `${nameOf(url)} leads nowhere: more than ${MAX_REDIRECTS} redirects, or to no http address`,
  )
}

/** By the bytes that come, not by the length that is promised. */
async function bounded(response: Response, url: string, maxBytes: number): Promise<Uint8Array> {
  if (!response.ok || response.body === null) {
    await response.body?.cancel()
    const gone = response.status === 404 || response.status === 410
    throw new ProbeError(
      gone ? 'not-found' : 'mirror-unreachable',
      `${nameOf(url)} answers ${response.status}`,
    )
  }
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.length
    if (bytes > maxBytes) throw tooLarge(url, maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const tooLarge = (url: string, maxBytes: number): ProbeError =>
  new ProbeError('too-large', `${nameOf(url)} is larger than the ${maxBytes} bytes that were expected`)

/** Without its query: a presigned URL is a secret. */
const nameOf = (url: string): string => url.replace(/\?.*$/s, '')

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message
}
