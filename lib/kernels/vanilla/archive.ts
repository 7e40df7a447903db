// Fetches a kernel's source from kernel.org, and verifies the detached signature of the unpacked archive.

import { type Detached, readDetached, type SigningKey, throughSignature } from '../../archives/detached.ts'
import { KERNEL_ORG_KEYS } from '../../archives/keys/kernel-org.ts'
import { MAX_SIGNATURE, notBelieved } from '../../archives/trust.ts'
import { lackOf, type Wanted } from '../../formats/whole-archive.ts'
import { sha256 } from '../../model/digest.ts'
import { isProbeError } from '../../model/errors.ts'
import type { Fetch, Sources } from '../../model/ports.ts'
import type { Package } from '../../model/probe.ts'
import { verifiedOnce } from '../kept.ts'
import type { PlannerPorts } from '../planner.ts'

export interface ArchivePorts extends Pick<PlannerPorts, 'fetch' | 'inputs' | 'log' | 'now'> {
  /** records which archive was verified */
  readonly sources: Sources
}

interface SignedArchive {
  /** e.g. `6.1.192` */
  readonly version: string
  /** ends with `.tar.xz` */
  readonly url: string
  /** trusted in addition to kernel.org's own */
  readonly keys: readonly SigningKey[]
}

/** Bytes; the largest release has 165 MB. */
const MAX_SOURCE = 256 * 1024 * 1024
/** Unpacked bytes; the newest release has 1.7 GB. */
const MAX_UNPACKED = 4 * 1024 ** 3
/** Milliseconds for the first small file. A slower place is unreachable, because a client is waiting. */
const FIRST_ANSWER = 10_000

/**
 * Fetches and verifies an archive, but only once for each version and keyring.
 * @throws {ProbeError} `not-found` if there is no such version, `mirror-unreachable` (also for a truncated
 * file or an error page), `signature-invalid`, `too-large`.
 */
export async function signedArchive(ports: ArchivePorts, archive: SignedArchive): Promise<Package> {
  const keys = [...KERNEL_ORG_KEYS, ...archive.keys]
  const { version, url } = archive
  const { source, bytes } = await verifiedOnce(ports, recordOf(version, keys), async () => {
    const signature = await signatureOf(ports.fetch, archive, keys)
    const body = await ports.fetch(url, { maxBytes: MAX_SOURCE })
    await verify(ports, archive, signature, body)
    return { name: 'linux', version, url, body }
  })
  return { ...source, bytes, format: 'tar.xz' }
}

/** Another keyring means a new verification. `~` avoids collisions with driver versions. */
const recordOf = (version: string, keys: readonly SigningKey[]): string =>
  `~linux/${version}/${sha256(JSON.stringify(keys)).slice(0, 32)}`

async function signatureOf(
  fetch: Fetch,
  { url }: SignedArchive,
  keys: readonly SigningKey[],
): Promise<Detached> {
  const beside = url.replace(/\.xz$/, '.sign')
  const bounds = { maxBytes: MAX_SIGNATURE, maxMilliseconds: FIRST_ANSWER }
  try {
    return readDetached(await fetch(beside, bounds), keys, beside)
  } catch (error) {
    if (!isProbeError(error, 'not-found') || !(await isThere(fetch, url))) throw error
    throw notBelieved(url, `its signature ${beside} is missing`)
  }
}

/** Downloads nothing: `too-large` means that the file exists. */
async function isThere(fetch: Fetch, url: string): Promise<boolean> {
  try {
    await fetch(url, { maxBytes: 0, maxMilliseconds: FIRST_ANSWER })
    return true
  } catch (error) {
    if (isProbeError(error, 'not-found')) return false
    if (isProbeError(error, 'too-large')) return true
    throw error
  }
}

async function verify(
  { now, log }: ArchivePorts,
  { version, url }: SignedArchive,
  signature: Detached,
  body: Uint8Array,
): Promise<void> {
  const began = now()
  const lacks = await lackOf(body, url, kernelOf(version), (bytes, read) =>
    throughSignature(signature, began, bytes, read),
  )
  // A mirror may serve the signed archive of another version.
  if (lacks !== undefined) throw notBelieved(url, `it is signed, but holds no ${lacks}`)
  log('kernel source verified', { version, url, signature: signature.made, milliseconds: now() - began })
}

/** Recognizes the version by the first lines of the Makefile. */
function kernelOf(version: string): Wanted {
  const [numbers = '', extra = ''] = version.split(/(?=-)/)
  const [major, minor, patch = '0'] = numbers.split('.')
  const lines = [
    `VERSION = ${major}`,
    `PATCHLEVEL = ${minor}`,
    `SUBLEVEL = ${patch}`,
    `EXTRAVERSION = ?${extra}`,
  ]
  const says = new RegExp(`^${lines.join('\\n')}$`, 'm')
  return {
    format: 'tar.xz',
    maxBytes: MAX_UNPACKED,
    maxEntries: 300_000,
    entries: {
      [`Makefile of Linux ${version}`]: ({ path, type, head }) =>
        type === '0' && /^[^/]+\/Makefile$/.test(path) && says.test(Buffer.from(head).toString('latin1')),
    },
  }
}
