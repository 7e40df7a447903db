// Reads one metadata file of a TUF repository, and checks its signatures and its expiry
// (theupdateframework.github.io/specification, 1.0). Uses @tufjs/models instead of tuf-js, because tuf-js
// stores its trusted files on a disk and brings its own clock and network.

import { Metadata, MetadataKind, type Root } from '@tufjs/models'
import { ProbeError } from '../../model/errors.ts'
import { notBelieved } from '../trust.ts'

const READERS = {
  root: (json: never) => Metadata.fromJSON(MetadataKind.Root, json),
  timestamp: (json: never) => Metadata.fromJSON(MetadataKind.Timestamp, json),
  snapshot: (json: never) => Metadata.fromJSON(MetadataKind.Snapshot, json),
  targets: (json: never) => Metadata.fromJSON(MetadataKind.Targets, json),
} as const
export type Role = keyof typeof READERS
export type Signed<R extends Role> = ReturnType<(typeof READERS)[R]>

/**
 * Parses a metadata file. Does not verify it yet.
 * @throws {ProbeError} `mirror-unreachable` if it is not such a file, but e.g. an error page.
 */
export function readMetadata<R extends Role>(role: R, body: Uint8Array, url: string): Signed<R> {
  try {
    const read = READERS[role](JSON.parse(new TextDecoder().decode(body)) as never)
    if (Number.isSafeInteger(read.signed.version) && read.signed.version > 0) return read as Signed<R>
    throw new Error(`its version is ${read.signed.version}`)
  } catch (cause) {
    const why = `${url} does not answer with a ${role} of TUF: ${wordsOf(cause)}`
    throw new ProbeError('mirror-unreachable', why, { cause })
  }
}

/** @throws {ProbeError} `signature-invalid` if fewer keys of `root` signed the file than its role requires. */
export function checkSigned(root: Metadata<Root>, role: Role, file: Signed<Role>, url: string): void {
  try {
    root.verifyDelegate(role, file)
  } catch (cause) {
    throw notBelieved(url, wordsOf(cause), cause)
  }
}

/** @throws {ProbeError} `signature-invalid` after the expiry: it limits how long newer files can be hidden. */
export function checkTime({ signed }: Signed<Role>, now: number, url: string): void {
  if (!signed.isExpired(new Date(now))) return
  throw notBelieved(
    url,
    `it was valid until ${signed.expires}: the mirror is stale, or nobody signs it any more`,
  )
}

export const wordsOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
