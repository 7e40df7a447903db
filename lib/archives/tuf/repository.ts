// Reads a TUF repository from its root to the digest of a target. Each file must be signed, not expired, and
// not older than the newest version that was read before.

import type { Metadata, MetaFile, Root } from '@tufjs/models'
import { isSha256, sha256 } from '../../model/digest.ts'
import { ProbeError } from '../../model/errors.ts'
import { notBelieved } from '../trust.ts'
import { checkSigned, checkTime, type Role, readMetadata, type Signed, wordsOf } from './metadata.ts'
import { newestRoot, type TufPorts } from './root.ts'

interface TufRepository {
  /** key of the stored newest versions; does not depend on the URL */
  readonly id: string
  /** URLs of the two folders, without trailing slashes */
  readonly metadata: string
  readonly targets: string
  readonly first: Metadata<Root>
  /** whether expired files are accepted: for a repository that nobody signs any more */
  readonly ofThePast: boolean
}

export interface TufTarget {
  readonly name: string
  readonly url: string
  /** lower-case hex */
  readonly sha256: string
  readonly bytes: number
}

/** Above the sizes of Bottlerocket's files; `targets` is the largest. */
const MAX_BYTES = { timestamp: 64 * 1024, snapshot: 1024 * 1024, targets: 16 * 1024 * 1024 }

/**
 * Returns a function that finds a target by its name, which contains no folder. Ignores delegations.
 * @throws {ProbeError} `not-found` if there is no such repository, `mirror-unreachable`, `signature-invalid`,
 * `digest-mismatch`, `too-large`.
 */
export async function openRepository(
  ports: TufPorts,
  repository: TufRepository,
): Promise<(name: string) => TufTarget | undefined> {
  const root = await currentRoot(ports, repository)
  const { consistentSnapshot } = root.signed
  const read = roleReader(ports, repository, root)
  const named = (file: string, { version }: MetaFile): string =>
    consistentSnapshot ? `${version}.${file}` : file
  const timestamp = await read('timestamp', 'timestamp.json')
  const { snapshotMeta } = timestamp.signed
  const snapshot = await read('snapshot', named('snapshot.json', snapshotMeta), snapshotMeta)
  const { 'targets.json': targetsMeta } = snapshot.signed.meta
  if (targetsMeta === undefined)
    throw notBelieved(`${repository.metadata}/snapshot.json`, 'it names no targets.json')
  const targets = await read('targets', named('targets.json', targetsMeta), targetsMeta)
  return (name) => targetIn(targets, repository, consistentSnapshot, name)
}

/** Refuses a root that is older than one read before, or expired: there must be a newer one. */
async function currentRoot(ports: TufPorts, repository: TufRepository): Promise<Metadata<Root>> {
  const { id, metadata, first, ofThePast } = repository
  const root = await newestRoot(ports, metadata, first)
  const url = `${metadata}/${root.signed.version}.root.json`
  await checkNewest(ports, `${id} ${keysIn(first, 'root')} root`, root, url)
  if (!ofThePast) checkTime(root, ports.now(), url)
  return root
}

/** `meta`: version, length and hashes of the file in the file that lists it. */
function roleReader(ports: TufPorts, repository: TufRepository, root: Metadata<Root>) {
  return async <R extends keyof typeof MAX_BYTES>(
    role: R,
    file: string,
    meta?: MetaFile,
  ): Promise<Signed<R>> => {
    const url = `${repository.metadata}/${file}`
    const maxBytes = Math.min(meta?.length ?? MAX_BYTES[role], MAX_BYTES[role])
    const body = await ports.fetch(url, { maxBytes })
    if (meta !== undefined) checkMeta(meta, body, url)
    const read = readMetadata(role, body, url)
    checkSigned(root, role, read, url)
    const { version } = read.signed
    if (meta !== undefined && version !== meta.version)
      throw notBelieved(url, `it is version ${version}, and ${meta.version} was promised`)
    if (!repository.ofThePast) checkTime(read, ports.now(), url)
    // The stored version also depends on the role's keys. After lost keys are replaced, versions may start
    // again at 1, and versions that the lost keys signed no longer matter.
    await checkNewest(ports, `${repository.id} ${keysIn(root, role)} ${role}`, read, url)
    return read
  }
}

function checkMeta(meta: MetaFile, body: Uint8Array, url: string): void {
  try {
    meta.verify(Buffer.from(body))
  } catch (cause) {
    const why = `${url} is not the file that its repository names: ${wordsOf(cause)}`
    throw new ProbeError('digest-mismatch', why, { cause })
  }
}

/** @throws {ProbeError} `signature-invalid` if the version is older than the newest that was read. */
async function checkNewest(
  { lists }: TufPorts,
  list: string,
  { signed: { version } }: Signed<Role>,
  url: string,
): Promise<void> {
  const newest = await lists.newest(`tuf ${list}`)
  if (newest !== undefined && version < newest)
    throw notBelieved(
      url,
      `it is version ${version}, and ${newest} was read before: the mirror is behind, or replays an old one. Wait until it has caught up`,
    )
  if (newest !== version) await lists.seen(`tuf ${list}`, version)
}

const keysIn = (root: Metadata<Root>, role: Role): string =>
  sha256([...(root.signed.roles[role]?.keyIDs ?? [])].sort().join(' ')).slice(0, 16)

function targetIn(
  { signed }: Signed<'targets'>,
  { metadata, targets }: TufRepository,
  consistentSnapshot: boolean,
  name: string,
): TufTarget | undefined {
  const target = Object.hasOwn(signed.targets, name) ? signed.targets[name] : undefined
  if (target === undefined) return undefined
  const { hashes, length } = target
  const digest = hashes.sha256 ?? ''
  if (!isSha256(digest) || !Number.isSafeInteger(length))
    throw notBelieved(`${metadata}/targets.json`, `it has no sha256 and length of ${name}`)
  const file = consistentSnapshot ? `${digest}.${name}` : name
  return { name, url: `${targets}/${file}`, sha256: digest, bytes: length }
}
