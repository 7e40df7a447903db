// Reads a published probe's images from its registry, and verifies each part by its digest.

import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { isDigest } from '../../lib/model/image.ts'
import { parseOwnJson } from '../../lib/model/parse.ts'
import { printable } from '../../lib/model/text.ts'
import { signatureTag } from '../../lib/signing/cosign.ts'
import { type Content, digestOfBytes } from './registry.ts'

/** A manifest with its blobs and its signature. */
export interface Whole {
  readonly manifest: Content
  /** the manifests in an index */
  readonly parts: readonly Whole[]
  readonly blobs: readonly Described[]
  /** the signature with its tag; absent if there is none */
  readonly signature?: { readonly tag: string; readonly whole: Whole }
}

const described = z.object({
  mediaType: z.string(),
  digest: z.string().refine(isDigest),
  size: z.int().nonnegative(),
})
export type Described = z.infer<typeof described>

const documentSchema = z.object({
  manifests: z.array(described).optional(),
  config: described.optional(),
  layers: z.array(described).optional(),
})

export interface Source {
  /** @throws {Error} with the registry's message if it has no such manifest */
  whole(reference: string): Promise<Whole>
  blob(blob: Described): Promise<Content>
}

const INDEX = 'application/vnd.oci.image.index.v1+json'
const ACCEPT = `${INDEX}, application/vnd.oci.image.manifest.v1+json`
const MAX_MANIFEST = 4 * 1024 * 1024
const MAX_BLOB = 1024 * 1024 * 1024
const TIMEOUT_MS = 120_000

/** `origin`: of the registry */
export function openSource(origin: string, repository: string): Source {
  const base = `${origin}/v2/${repository}`

  async function get(
    path: string,
    maxBytes: number,
  ): Promise<{ readonly body: Uint8Array; readonly mediaType: string }> {
    const url = `${base}/${path}`
    const response = await patiently(() =>
      fetch(url, { headers: { accept: ACCEPT }, signal: AbortSignal.timeout(TIMEOUT_MS) }),
    )
    if (!response.ok) {
      const { status } = response
      throw new Error(`${url} answers ${status}${wordsOf(await response.text())}`, { cause: { status } })
    }
    if (Number(response.headers.get('content-length') ?? 0) > maxBytes) throw new Error(`${url} is too large`)
    const body = new Uint8Array(await response.arrayBuffer())
    return { body, mediaType: response.headers.get('content-type') ?? '' }
  }

  async function manifest(reference: string): Promise<Content> {
    const { body, mediaType } = await get(`manifests/${reference}`, MAX_MANIFEST)
    const digest = digestOfBytes(body)
    if (isDigest(reference)) checkSame(reference, digest)
    return { body, mediaType, digest }
  }

  async function whole(reference: string, isSigned = true): Promise<Whole> {
    const found = await manifest(reference)
    const text = Buffer.from(found.body).toString()
    const {
      manifests = [],
      config,
      layers = [],
    } = parseOwnJson(documentSchema, text, found.digest, 'is that a registry of probes?')
    const parts: Whole[] = []
    for (const { digest } of manifests) parts.push(await whole(digest))
    const blobs = config === undefined ? layers : [config, ...layers]
    const tag = signatureTag(found.digest)
    const signature = isSigned ? await whole(tag, false).catch(absent) : undefined
    return { manifest: found, parts, blobs, ...(signature && { signature: { tag, whole: signature } }) }
  }
  return {
    whole: (reference) => whole(reference),
    async blob({ digest, mediaType, size }) {
      const { body } = await get(`blobs/${digest}`, Math.min(size, MAX_BLOB))
      checkSame(digest, digestOfBytes(body))
      return { body, digest, mediaType }
    },
  }
}

/** Retries when S3 or the registry is busy: after half a second, one second and two seconds. */
async function patiently(ask: () => Promise<Response>): Promise<Response> {
  for (const pause of PAUSES_MS) {
    const response = await ask()
    if (!BUSY.includes(response.status)) return response
    await response.body?.cancel()
    await sleep(pause)
  }
  return ask()
}
const PAUSES_MS = [500, 1000, 2000]
const BUSY: readonly number[] = [429, 500, 502, 503, 504]

/** A registry signs images only if its key is an RSA key. */
function absent(error: unknown): undefined {
  const { cause } = error as { readonly cause?: { readonly status?: number } }
  if (cause?.status !== 404) throw error
}

function checkSame(wanted: string, found: string): void {
  if (wanted !== found)
    throw new Error(`the download of ${wanted} has the digest ${found}: nothing was pushed`)
}

function wordsOf(text: string): string {
  const message = /"message"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1]
  return message === undefined ? '' : `: ${printable(message, 300)}`
}
