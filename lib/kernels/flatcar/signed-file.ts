// Fetches a file of a release once, verifies its detached signature, and stores it: releases never change.

import { signaturesIn } from '../../archives/detached.ts'
import { fetchSignature, notBelieved } from '../../archives/trust.ts'
import { check } from '../../formats/openpgp/verify.ts'
import { sha256 } from '../../model/digest.ts'
import type { Sources } from '../../model/ports.ts'
import type { Source } from '../../model/probe.ts'
import { keptBytes, verifiedOnce } from '../kept.ts'
import type { PlannerPorts } from '../planner.ts'
import type { SignedPorts } from '../signed-package.ts'
import type { FlatcarRelease } from './names.ts'

export interface SignedFilePorts extends SignedPorts, Pick<PlannerPorts, 'log'> {
  /** records which files were verified */
  readonly sources: Sources
}

interface ReleaseFile {
  readonly release: FlatcarRelease
  /** folder of the release, without a trailing slash */
  readonly folder: string
  readonly name: string
  readonly maxBytes: number
}

/**
 * @throws {ProbeError} `not-found` if the folder has no such file, `mirror-unreachable` (also for an error
 * page instead of a signature), `signature-invalid`, `too-large`.
 */
export async function signedFile(
  ports: SignedFilePorts,
  file: ReleaseFile,
): Promise<{ readonly source: Source; readonly bytes: number }> {
  const { release, folder, name, maxBytes } = file
  return verifiedOnce(ports, recordOf(ports, file), async () => {
    const url = `${folder}/${name}`
    const body = await ports.fetch(url, { maxBytes })
    await verify(ports, url, body)
    return { name, version: release.version, url, body }
  })
}

/** Like `signedFile`, but returns the bytes. */
export async function readSignedFile(
  ports: SignedFilePorts,
  file: ReleaseFile,
): Promise<{ readonly source: Source; readonly body: Uint8Array }> {
  const { source, bytes } = await signedFile(ports, file)
  return { source, body: await keptBytes(ports.inputs, { ...source, bytes }) }
}

/** Other keys mean a new verification. `~` avoids collisions with driver versions. */
function recordOf({ certificates }: SignedFilePorts, { release, name }: ReleaseFile): string {
  const keys = sha256(certificates.map(({ fingerprint }) => fingerprint).join(' ')).slice(0, 32)
  return `~flatcar/${release.arch}/${release.version}/${name}/${keys}`
}

async function verify(
  { fetch, certificates, now, log }: SignedFilePorts,
  url: string,
  body: Uint8Array,
): Promise<void> {
  const beside = `${url}.sig`
  const signatures = signaturesIn(await fetchSignature(fetch, url, beside), beside)
  const verification = check(signatures, [body], { certificates, now: now() })
  if (verification.tag === 'refused') throw notBelieved(url, verification.why)
  log('file of a release verified', { url, key: verification.signer.fingerprint })
}
