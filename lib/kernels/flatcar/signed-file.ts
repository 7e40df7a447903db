// A file of a release: believed with the signature beside it, fetched once, and kept, as no release ever changes.

import type { Certificate } from '../../formats/openpgp/certificates.ts'
import { judgeDetached } from '../../formats/signed.ts'
import { keepInput } from '../../inputs/inputs.ts'
import { sha256 } from '../../model/digest.ts'
import { isProbeError, ProbeError } from '../../model/errors.ts'
import { inputKey } from '../../model/keys.ts'
import type { Clock, Fetch, Log, Sources, Store } from '../../model/ports.ts'
import type { Source } from '../../model/probe.ts'
import type { FlatcarRelease } from './names.ts'

export interface SignedFilePorts {
  /** keeps the files */
  readonly inputs: Store
  /** keeps which were verified */
  readonly sources: Sources
  readonly fetch: Fetch
  readonly now: Clock
  readonly log: Log
  /** whose signatures are believed */
  readonly certificates: readonly Certificate[]
}

interface ReleaseFile {
  readonly release: FlatcarRelease
  /** of the release, without a slash at its end */
  readonly folder: string
  readonly name: string
  readonly maxBytes: number
}

interface SignedFile {
  readonly source: Source
  readonly bytes: number
}

/** One has less than a thousand. */
const MAX_SIGNATURE = 16 * 1024

/**
 * @throws {ProbeError} `not-found` where the folder has no such file, `mirror-unreachable` (also for an error page in a
 * signature's place), `signature-invalid`, `too-large`.
 */
export async function signedFile(ports: SignedFilePorts, file: ReleaseFile): Promise<SignedFile> {
  const record = recordOf(ports, file)
  const known = await ports.sources.recorded(record)
  const kept = known && (await ports.inputs.size(inputKey(known.sha256)))
  if (known !== undefined && kept !== undefined) return { source: known, bytes: kept }
  const url = urlOf(file)
  const body = await ports.fetch(url, { maxBytes: file.maxBytes })
  await verify(ports, url, body)
  const digest = await keepInput(ports.inputs, body)
  const source = { name: file.name, version: file.release.version, url, sha256: digest }
  // Recorded after it is verified and kept: a crash between leaves an object that nobody refers to.
  await ports.sources.record(record, source)
  return { source, bytes: body.length }
}

/** The same with its bytes. */
export async function readSignedFile(
  ports: SignedFilePorts,
  file: ReleaseFile,
): Promise<{ readonly source: Source; readonly body: Uint8Array }> {
  const { source, bytes } = await signedFile(ports, file)
  const body = await ports.inputs.get(inputKey(source.sha256), bytes)
  if (body !== undefined) return { source, body }
  throw new ProbeError('misconfigured', `${source.url} is on record, and has vanished from the inputs bucket`)
}

const urlOf = ({ folder, name }: ReleaseFile): string => `${folder}/${name}`

/** By other keys nothing was verified yet. No driver version begins so. */
function recordOf({ certificates }: SignedFilePorts, { release, name }: ReleaseFile): string {
  const keys = sha256(certificates.map(({ fingerprint }) => fingerprint).join(' ')).slice(0, 32)
  return `~flatcar/${release.arch}/${release.version}/${name}/${keys}`
}

async function verify(ports: SignedFilePorts, url: string, body: Uint8Array): Promise<void> {
  const beside = `${url}.sig`
  const signature = await signatureOf(ports, url, beside)
  const verification = await judged(ports, beside, signature, body)
  if (verification.tag === 'refused')
    throw new ProbeError('signature-invalid', `${url} is not believed: ${verification.why}`)
  ports.log('file of a release verified', { url, key: verification.signer.fingerprint })
}

async function signatureOf({ fetch }: SignedFilePorts, url: string, beside: string): Promise<Uint8Array> {
  try {
    return await fetch(beside, { maxBytes: MAX_SIGNATURE })
  } catch (error) {
    if (!isProbeError(error, 'not-found')) throw error
    throw new ProbeError('signature-invalid', `${url} is not believed: its signature ${beside} is not there`)
  }
}

async function judged(
  { certificates, now }: SignedFilePorts,
  beside: string,
  signature: Uint8Array,
  body: Uint8Array,
) {
  try {
    return await judgeDetached(once(body), signature, { certificates, now: now() })
  } catch (error) {
    if (!isProbeError(error, 'signature-invalid')) throw error
    const why = `what ${beside} answers is not a signature: ${error.message}`
    throw new ProbeError('mirror-unreachable', why, { cause: error })
  }
}

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body
}
