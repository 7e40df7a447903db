// Reads the repomd.xml of an rpm repository, and verifies it if its distribution signs it.

import type { Certificate } from '../../formats/openpgp/certificates.ts'
import { readSignatures } from '../../formats/openpgp/signature.ts'
import { check } from '../../formats/openpgp/verify.ts'
import { xmlReader } from '../../formats/xml.ts'
import { ProbeError } from '../../model/errors.ts'
import type { Clock, Fetch } from '../../model/ports.ts'
import { fetchSignature, notBelieved } from '../trust.ts'

export interface Repository {
  /** URL of the folder that has `repodata/`, without a trailing slash */
  readonly base: string
  /**
   * `signed`: a trusted key must have made repomd.xml.asc. `unsigned`: the distribution signs only its
   * packages, so that a list is only a hint.
   */
  readonly lists: 'signed' | 'unsigned'
}

/** A file of the repository's metadata. */
export interface Metadata {
  /** path below the repository's base */
  readonly href: string
  readonly hash: 'sha1' | 'sha256' | 'sha384' | 'sha512'
  /** lower-case hex */
  readonly digest: string
}

export interface RepomdPorts {
  readonly fetch: Fetch
  readonly now: Clock
  /** trusted keys */
  readonly certificates: readonly Certificate[]
}

const MAX_REPOMD = 1024 * 1024

/** createrepo calls SHA-1 `sha`. */
const HASHES: Readonly<Record<string, Metadata['hash']>> = {
  sha: 'sha1',
  sha1: 'sha1',
  sha256: 'sha256',
  sha384: 'sha384',
  sha512: 'sha512',
}

/**
 * Returns the metadata files by their types, e.g. `primary`.
 * @throws {ProbeError} `not-found`, `mirror-unreachable`, `signature-invalid`.
 */
export async function fetchRepomd(
  { fetch, now, certificates }: RepomdPorts,
  { base, lists }: Repository,
): Promise<ReadonlyMap<string, Metadata>> {
  const url = `${base}/repodata/repomd.xml`
  const body = await fetch(url, { maxBytes: MAX_REPOMD })
  if (lists === 'signed') {
    const signatures = readSignatures(await fetchSignature(fetch, url, `${url}.asc`))
    const verification = check(signatures, [body], { certificates, now: now() })
    if (verification.tag === 'refused') throw notBelieved(url, verification.why)
  }
  return readRepomd(body, url)
}

/** @throws {ProbeError} `mirror-unreachable` if it is not a repomd.xml, such as an error page. */
export function readRepomd(body: Uint8Array, url: string): ReadonlyMap<string, Metadata> {
  const found = new Map<string, Metadata>()
  let [type, href, hash, digest] = ['', '', '', '']
  const reader = xmlReader({
    open: ({ path, attributes }) => {
      if (path === 'repomd/data') [type, href, hash, digest] = [attributes.type ?? '', '', '', '']
      if (path === 'repomd/data/location') href = attributes.href ?? ''
      if (path === 'repomd/data/checksum') hash = attributes.type ?? ''
    },
    close: ({ path }, text) => {
      if (path === 'repomd/data/checksum') digest = text.trim()
      const known = HASHES[hash]
      // Takes the first file of each type whose path is inside the repository.
      if (path === 'repomd/data' && known !== undefined && isPath(href) && !found.has(type))
        found.set(type, { href, hash: known, digest })
    },
  })
  try {
    reader.write(new TextDecoder().decode(body))
    reader.end()
  } catch (cause) {
    throw new ProbeError('mirror-unreachable', `${url} is not a list of a repository: ${cause}`, { cause })
  }
  if (found.size === 0)
    throw new ProbeError('mirror-unreachable', `${url} is not a list of a repository: it names no metadata`)
  return found
}

/** Whether the path stays below the repository. */
const isPath = (href: string): boolean =>
  PATH.test(href) && !href.startsWith('/') && !href.split('/').includes('..')
const PATH = /^[A-Za-z0-9._+~^%/-]{1,300}$/

/** `undefined`: on another host. Amazon's packages lie outside of the repository: `../../../../blobstore/...`. */
export function urlBelow(base: string, href: string): string | undefined {
  if (!PATH.test(href) || href.startsWith('/')) return undefined
  const url = new URL(href, `${base}/`)
  return url.origin === new URL(base).origin ? url.href : undefined
}
