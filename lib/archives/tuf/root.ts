// Finds the root of trust of a TUF repository: starts at a root with a known digest, and follows the chain of
// roots, each signed by the one before.

import { createHash } from 'node:crypto'
import type { Metadata, Root } from '@tufjs/models'
import { answers403, isProbeError, ProbeError } from '../../model/errors.ts'
import type { Clock, Fetch, ListDates } from '../../model/ports.ts'
import { notBelieved } from '../trust.ts'
import { checkSigned, readMetadata } from './metadata.ts'

export interface TufPorts {
  readonly fetch: Fetch
  /** stores the newest versions, to refuse older ones */
  readonly lists: ListDates
  readonly now: Clock
}

/** Where the first root is, and the digests that it may have. */
export interface FirstRoot {
  readonly url: string
  /** lower-case hex, of each root that is trusted by its digest */
  readonly sha512: readonly string[]
}

const MAX_ROOT = 512 * 1024
/** Maximum number of roots after the first one; Bottlerocket publishes one a year. */
const MAX_ROOTS = 64

/**
 * Returns the published root or, if that has no trusted digest, the built-in root `atHand`.
 * @throws {ProbeError} `signature-invalid`, `mirror-unreachable`.
 */
export async function firstRoot(
  { fetch }: Pick<TufPorts, 'fetch'>,
  { url, sha512 }: FirstRoot,
  atHand: string,
): Promise<Metadata<Root>> {
  const held = new TextEncoder().encode(atHand)
  const published = await fetch(url, { maxBytes: MAX_ROOT }).catch(orError)
  if (!(published instanceof ProbeError) && sha512.includes(sha512Of(published))) return own(published, url)
  if (sha512.includes(sha512Of(held))) return own(held, 'the root that the registry brings')
  if (published instanceof ProbeError) throw published
  throw notBelieved(url, `its sha512 is ${sha512Of(published)}, and not ${sha512.join(' or ')}`)
}

function orError(error: unknown): ProbeError {
  if (isProbeError(error)) return error
  throw error
}

function own(body: Uint8Array, url: string): Metadata<Root> {
  const root = readMetadata('root', body, url)
  checkSigned(root, 'root', root, url)
  return root
}

const sha512Of = (bytes: Uint8Array): string => createHash('sha512').update(bytes).digest('hex')

/**
 * Returns the newest root below `metadata` that a chain of signatures connects to the first root.
 * @throws {ProbeError} `signature-invalid`, `mirror-unreachable`, `too-large`.
 */
export async function newestRoot(
  { fetch }: Pick<TufPorts, 'fetch'>,
  metadata: string,
  first: Metadata<Root>,
): Promise<Metadata<Root>> {
  let root = first
  for (let left = MAX_ROOTS; left > 0; left -= 1) {
    const version = root.signed.version + 1
    const url = `${metadata}/${version}.root.json`
    const body = await fetch(url, { maxBytes: MAX_ROOT }).catch(orError)
    if (body instanceof ProbeError) {
      // Bottlerocket's store answers 403 for a missing file, because it may not be listed. Then `root` is the
      // newest, and its expiry shows whether it is too old. Any other error may hide a newer root.
      if (body.code === 'not-found' || answers403(body)) return root
      throw body
    }
    const next = readMetadata('root', body, url)
    checkSigned(root, 'root', next, url)
    checkSigned(next, 'root', next, url)
    if (next.signed.version !== version)
      throw notBelieved(url, `it says that it is version ${next.signed.version}`)
    root = next
  }
  throw notBelieved(`${metadata}/root.json`, `more than ${MAX_ROOTS} roots follow the first one`)
}
