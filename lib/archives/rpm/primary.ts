// Reads the packages of an rpm repository from its primary.xml as a stream, and keeps only the needed ones.

import { createHash } from 'node:crypto'
import * as z from 'zod'
import { compressionOf, decompressed, wholeOf } from '../../formats/decompress.ts'
import { xmlReader } from '../../formats/xml.ts'
import { ProbeError } from '../../model/errors.ts'
import type { QueryDatabase } from '../../model/ports.ts'
import { type Keep, type Records, recorded } from '../records.ts'
import { fetchRepomd, type Metadata, type RepomdPorts, type Repository, urlBelow } from './repomd.ts'

const listed = z.object({
  name: z.string(),
  epoch: z.number(),
  version: z.string(),
  release: z.string(),
  arch: z.string(),
  url: z.string(),
  bytes: z.number(),
  /** lower-case hex, from the list, which may be unsigned */
  sha256: z.string().optional(),
  /** dependencies on exactly one version: `name version-release` */
  needs: z.array(z.string()),
})
/** A package's entry in a list: a hint until the package's own signature is verified. */
export type ListedRpm = Readonly<z.infer<typeof listed>>

interface PrimaryPorts extends RepomdPorts {
  /** stores the parsed lists, by their digests */
  readonly inputs: Records
  /** for repositories whose list is only a database, such as those of Amazon Linux 2 */
  readonly query: QueryDatabase
}

/** Bytes; above Fedora's list, which has 70,000 packages. */
const MAX_LIST = 256 * 1024 * 1024
const MAX_TEXT = 2048 * 1024 * 1024

/** @throws {ProbeError} those of `fetchRepomd`, `digest-mismatch`, `too-large`. */
export async function fetchRpms(
  ports: PrimaryPorts,
  repository: Repository,
  keep: Keep,
): Promise<readonly ListedRpm[]> {
  const repomd = await fetchRepomd(ports, repository)
  const { base } = repository
  const xml = repomd.get('primary')
  const primary = xml ?? repomd.get('primary_db')
  if (primary === undefined)
    throw new ProbeError('mirror-unreachable', `${base}/repodata/repomd.xml names no list of packages`)
  const id = `rpm 1 ${base} ${keep.id} ${primary.hash} ${primary.digest}`
  return recorded(ports.inputs, id, z.array(listed), async () => {
    const list = await fetchList(ports, base, primary)
    return xml === undefined ? readDatabase(ports.query, list, base, keep) : readPrimary(list, base, keep)
  })
}

async function fetchList(
  { fetch }: RepomdPorts,
  base: string,
  { href, hash, digest }: Metadata,
): Promise<Uint8Array> {
  const url = `${base}/${href}`
  const body = await fetch(url, { maxBytes: MAX_LIST })
  if (createHash(hash).update(body).digest('hex') === digest) return body
  throw new ProbeError(
    'digest-mismatch',
    `${url} is not the list that repomd.xml names: the mirror is being updated`,
  )
}

/** @throws {ProbeError} `mirror-unreachable` if it is not such a list. */
export const readPrimary = (list: Uint8Array, base: string, keep: Keep): Promise<ListedRpm[]> =>
  unpacked(list, base, MAX_TEXT, async (text) => {
    const { write, end, packages } = primaryReader(base, keep)
    const decoder = new TextDecoder()
    for await (const chunk of text) write(decoder.decode(chunk, { stream: true }))
    end()
    return packages
  })

async function unpacked<T>(
  list: Uint8Array,
  base: string,
  maxBytes: number,
  read: (unpacked: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const compression = compressionOf(list)
  if (compression === undefined)
    throw new ProbeError(
      'mirror-unreachable',
      `the list of ${base} is compressed by lzma, which is not supported: it needs a primary.xml in gzip, bzip2, xz or zstd`,
    )
  try {
    return await read(decompressed(list, compression, maxBytes))
  } catch (cause) {
    if (cause instanceof ProbeError) throw cause
    throw new ProbeError('mirror-unreachable', `the list of ${base} is broken: ${cause}`, { cause })
  }
}

/** Uses createrepo's schema of primary.sqlite. Does not read dependencies. */
const QUERY =
  'SELECT name, epoch, version, release, arch, location_href AS href, size_package AS bytes, checksum_type AS hash, pkgId AS digest FROM packages'
const row = z.object({
  name: z.string(),
  epoch: z.coerce.number(),
  version: z.string(),
  release: z.string(),
  arch: z.string(),
  href: z.string(),
  bytes: z.coerce.number(),
  hash: z.string(),
  digest: z.string(),
})

/** @throws {ProbeError} `mirror-unreachable` if it is not such a database. */
export const readDatabase = (
  query: QueryDatabase,
  packed: Uint8Array,
  base: string,
  keep: Keep,
): Promise<ListedRpm[]> =>
  unpacked(packed, base, MAX_LIST, async (database) => {
    const rows = z.array(row).parse(await query(await wholeOf(database), QUERY))
    return rows.filter(({ name }) => keep.test(name)).flatMap((one) => listedOf(one, base))
  })

function listedOf({ href, hash, digest, ...known }: z.infer<typeof row>, base: string): ListedRpm[] {
  const url = urlBelow(base, href)
  return url === undefined
    ? []
    : [{ ...known, url, needs: [], ...(hash === 'sha256' ? { sha256: digest } : {}) }]
}

const NOTHING = { name: '', epoch: 0, version: '', release: '', arch: '', url: '', bytes: 0 }

function primaryReader(base: string, keep: Keep) {
  const packages: ListedRpm[] = []
  let pkg: z.infer<typeof listed> | undefined
  let hash = ''
  const reader = xmlReader({
    open: ({ path, attributes }) => {
      if (path === 'metadata/package') pkg = { ...NOTHING, needs: [] }
      if (pkg === undefined) return
      switch (path) {
        case 'metadata/package/version':
          pkg.epoch = Number(attributes.epoch ?? 0)
          pkg.version = attributes.ver ?? ''
          pkg.release = attributes.rel ?? ''
          return
        case 'metadata/package/checksum':
          hash = attributes.type ?? ''
          return
        case 'metadata/package/size':
          pkg.bytes = Number(attributes.package ?? 0)
          return
        case 'metadata/package/location':
          pkg.url = urlBelow(base, attributes.href ?? '') ?? ''
          return
        case 'metadata/package/format/rpm:requires/rpm:entry':
          if (attributes.flags === 'EQ')
            pkg.needs.push(`${attributes.name} ${attributes.ver}-${attributes.rel}`)
          return
      }
    },
    close: ({ path }, text) => {
      if (pkg === undefined) return
      switch (path) {
        case 'metadata/package/name':
          // Skips the rest of a package that `keep` rejects.
          pkg = keep.test(text) ? { ...pkg, name: text } : undefined
          return
        case 'metadata/package/arch':
          pkg.arch = text
          return
        case 'metadata/package/checksum':
          if (hash === 'sha256') pkg.sha256 = text.trim()
          return
        case 'metadata/package':
          if (pkg.name !== '' && pkg.url !== '' && Number.isSafeInteger(pkg.bytes)) packages.push(pkg)
          pkg = undefined
      }
    },
  })
  return { ...reader, packages }
}
