// Reads the database of a pacman repository, e.g. `core.db`: a tar of NAME-VERSION/desc files, in gzip, xz or
// zstd. Nobody signs it: its facts are hints until the package's own signature is verified.

import * as z from 'zod'
import { packedTarHeads } from '../../formats/tar-stream.ts'
import { ProbeError } from '../../model/errors.ts'
import type { Fetch } from '../../model/ports.ts'

export const pacmanListed = z.object({
  name: z.string(),
  /** includes the package's release number: `6.6.1.arch1-1` */
  version: z.string(),
  arch: z.string(),
  url: z.string(),
  bytes: z.number(),
  /** lower-case hex */
  sha256: z.string(),
  /** base64 of the package's `.sig` file; newer databases leave it out */
  signature: z.string().optional(),
})
export type ListedPacman = Readonly<z.infer<typeof pacmanListed>>

/** Bytes. Arch's extra, with 15,000 packages, has 8 MB. */
const MAX_DATABASE = 64 * 1024 * 1024
const MAX_UNPACKED = 512 * 1024 * 1024
const MAX_ENTRIES = 500_000
/** Bytes that are read of one desc. Only the package's dependencies come later, and nothing needs them. */
const MAX_DESC = 64 * 1024

/**
 * `base`: the folder that has `NAME.db` and the packages.
 * @throws {ProbeError} `not-found`, `mirror-unreachable`, `too-large`.
 */
export async function fetchPacman(
  fetch: Fetch,
  base: string,
  name: string,
  keep: (name: string) => boolean,
): Promise<readonly ListedPacman[]> {
  const body = await fetch(`${base}/${name}.db`, { maxBytes: MAX_DATABASE })
  return readPacman(body, base, keep)
}

/**
 * Reads the packages whose names `keep` accepts, as a stream.
 * @throws {ProbeError} `mirror-unreachable` if it is not such a database.
 */
export async function readPacman(
  database: Uint8Array,
  base: string,
  keep: (name: string) => boolean,
): Promise<readonly ListedPacman[]> {
  const bounds = {
    ...{ maxBytes: MAX_UNPACKED, maxEntries: MAX_ENTRIES },
    keep: (path: string) => (isDescOf(path, keep) ? MAX_DESC : 0),
  }
  const packages: ListedPacman[] = []
  for await (const { path, type, head } of packedTarHeads(database, bounds, brokenAt(base)))
    if (type === '0' && isDescOf(path, keep)) packages.push(...listedIn(head, base))
  return packages
}

const DESC = /^(?<name>[^/]+)-[^/-]+-[^/-]+\/desc$/

function isDescOf(path: string, keep: (name: string) => boolean): boolean {
  const name = DESC.exec(path)?.groups?.name
  return name !== undefined && keep(name)
}

/** File names that makepkg allows (PKGBUILD(5)). Only an epoch has a colon or a tilde. */
const FILE = /^[A-Za-z0-9@_+][A-Za-z0-9@._+:~-]{0,250}$/

/** Parses `%NAME%` and the value on the next line. Skips a package that lacks a field. */
function listedIn(desc: Uint8Array, base: string): ListedPacman[] {
  const text = Buffer.from(desc).toString('utf8')
  const field = (name: string): string => new RegExp(`^%${name}%\\n([^\\n]+)$`, 'm').exec(text)?.[1] ?? ''
  const [file, signature] = [field('FILENAME'), field('PGPSIG')]
  const [bytes, sha256] = [Number(field('CSIZE')), field('SHA256SUM')]
  if (!FILE.test(file) || !Number.isSafeInteger(bytes) || bytes <= 0 || !/^[0-9a-f]{64}$/.test(sha256))
    return []
  return [
    {
      ...{ name: field('NAME'), version: field('VERSION'), arch: field('ARCH') },
      ...{ url: `${base}/${file}`, bytes, sha256 },
      ...(signature === '' ? {} : { signature }),
    },
  ]
}

const brokenAt = (base: string) => (why: string, cause?: unknown) =>
  new ProbeError('mirror-unreachable', `what ${base} answers is not a database of packages: ${why}`, {
    cause,
  })
