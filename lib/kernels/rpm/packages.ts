// Fetches an rpm, verifies its signature and its identity, and stores it.

import { readCpio } from '../../formats/cpio.ts'
import { compressionOf, decompressed } from '../../formats/decompress.ts'
import { type SignedRpm, verifyRpm } from '../../formats/rpm/verify.ts'
import { keepInput } from '../../inputs/inputs.ts'
import { ProbeError } from '../../model/errors.ts'
import type { Package } from '../../model/probe.ts'
import { packageBytes, refused, type SignedPorts, verified } from '../signed-package.ts'

/** An rpm as a list describes it; `version` includes release and architecture: `5.14.0-427.el9.x86_64`. */
export interface WantedRpm extends Pick<Package, 'name' | 'version' | 'url' | 'bytes'> {
  /** `undefined` if the list has another kind of digest */
  readonly sha256: string | undefined
}

/**
 * Fetches an rpm, or reads its stored copy. Verifies its own signature each time, and trusts neither list nor
 * copy.
 * @throws {ProbeError} `signature-invalid`, `digest-mismatch`, `mirror-unreachable`, `not-found`,
 * `too-large`.
 */
export async function bringRpm(
  ports: SignedPorts,
  wanted: WantedRpm,
): Promise<{ pkg: Package; rpm: SignedRpm }> {
  const body = await packageBytes(ports, wanted)
  const rpm = signedBy(ports, wanted, body)
  const { name, version, release, arch } = rpm.identity
  const found = `${version}-${release}.${arch}`
  if (rpm.identity.isSource || name !== wanted.name || found !== wanted.version)
    throw refused(wanted, `it is ${name} ${found}, signed`)
  const sha256 = await keepInput(ports.inputs, body)
  if (wanted.sha256 !== undefined && wanted.sha256 !== sha256)
    throw new ProbeError(
      'digest-mismatch',
      `${wanted.url} has sha256 ${sha256}, not ${wanted.sha256}: it is not used`,
    )
  const { url } = wanted
  return { pkg: { name, version: found, url, sha256, bytes: body.length, format: 'rpm' }, rpm }
}

function signedBy({ certificates, now }: SignedPorts, wanted: WantedRpm, body: Uint8Array): SignedRpm {
  const found = verified(wanted, () => verifyRpm(body, { certificates, now: now() }))
  if (found.tag === 'refused') throw refused(wanted, found.why)
  if (found.payload.length === 0) throw refused(wanted, 'it ends with its header')
  return found
}

/** Bytes of one file in an rpm. A config has 300 KB. */
const MAX_FILE = 4 * 1024 * 1024
/** Bytes. A kernel's image unpacks to less, its headers to a tenth of this. */
const MAX_UNPACKED = 2048 * 1024 * 1024

/**
 * Reads the files whose paths `wants` accepts, until they are `enough`.
 * @throws {ProbeError} `digest-mismatch`, `too-large`.
 */
export async function filesIn(
  { payload }: SignedRpm,
  wants: (path: string) => boolean,
  enough: (found: ReadonlyMap<string, Uint8Array>) => boolean,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const compression = compressionOf(payload)
  if (compression === undefined)
    throw new ProbeError('digest-mismatch', 'its payload is compressed by lzma, which is not supported')
  const found = new Map<string, Uint8Array>()
  await readCpio(
    decompressed(payload, compression, MAX_UNPACKED),
    ({ path, bytes }) => bytes <= MAX_FILE && wants(path),
    ({ path }, body) => {
      found.set(path, body)
      return enough(found) ? 'enough' : 'go-on'
    },
  )
  return found
}
