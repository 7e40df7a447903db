// Fetches an rpm, verifies its signature and its identity, and stores it.

import { readCpio } from '../../formats/cpio.ts'
import { compressionOf, decompressed } from '../../formats/decompress.ts'
import type { Certificate } from '../../formats/openpgp/certificates.ts'
import type { Believed } from '../../formats/openpgp/verify.ts'
import { type SignedRpm, verifyRpm } from '../../formats/rpm/verify.ts'
import { keepInput } from '../../inputs/inputs.ts'
import { isProbeError, ProbeError } from '../../model/errors.ts'
import { inputKey } from '../../model/keys.ts'
import type { Clock, Fetch, QueryDatabase, Store } from '../../model/ports.ts'
import type { Package } from '../../model/probe.ts'

export interface RpmPorts {
  readonly fetch: Fetch
  readonly inputs: Store
  readonly now: Clock
  readonly query: QueryDatabase
  /** trusted keys */
  readonly certificates: readonly Certificate[]
}

/** An rpm as a list describes it; `version` includes release and architecture: `5.14.0-427.el9.x86_64`. */
export interface WantedRpm {
  readonly name: string
  readonly version: string
  readonly url: string
  /** lower-case hex; `undefined` if the list has another kind of digest */
  readonly sha256: string | undefined
  readonly bytes: number
}

/** Bytes; above the largest package of a kernel, except debug files. */
const MAX_RPM = 512 * 1024 * 1024

/**
 * Fetches an rpm, or reads its stored copy. Verifies its own signature each time, and trusts neither list nor
 * copy.
 * @throws {ProbeError} `signature-invalid`, `digest-mismatch`, `mirror-unreachable`, `not-found`,
 * `too-large`.
 */
export async function bringRpm(
  ports: RpmPorts,
  wanted: WantedRpm,
): Promise<{ pkg: Package; rpm: SignedRpm }> {
  const { inputs, certificates, now } = ports
  const kept = wanted.sha256 === undefined ? undefined : await inputs.get(inputKey(wanted.sha256), MAX_RPM)
  const body = kept ?? (await ports.fetch(wanted.url, { maxBytes: Math.min(wanted.bytes, MAX_RPM) }))
  const rpm = signedBy(body, wanted, { certificates, now: now() })
  const { name, version, release, arch } = rpm.identity
  const found = `${version}-${release}.${arch}`
  if (rpm.identity.isSource || name !== wanted.name || found !== wanted.version)
    throw refused(wanted, `it is ${name} ${found}, signed`)
  const sha256 = await keepInput(inputs, body)
  if (wanted.sha256 !== undefined && wanted.sha256 !== sha256)
    throw new ProbeError(
      'digest-mismatch',
      `${wanted.url} has sha256 ${sha256}, not ${wanted.sha256}: it is not used`,
    )
  const { url } = wanted
  return { pkg: { name, version: found, url, sha256, bytes: body.length, format: 'rpm' }, rpm }
}

function signedBy(body: Uint8Array, wanted: WantedRpm, believed: Believed): SignedRpm {
  try {
    const found = verifyRpm(body, believed)
    if (found.tag === 'refused') throw refused(wanted, found.why)
    if (found.payload.length === 0) throw refused(wanted, 'it ends with its header')
    return found
  } catch (error) {
    throw isProbeError(error, 'signature-invalid') && !error.message.startsWith(wanted.url)
      ? refused(wanted, error.message)
      : error
  }
}

const refused = ({ url, name, version }: WantedRpm, why: string): ProbeError =>
  new ProbeError('signature-invalid', `${url} is not believed as ${name} ${version}: ${why}`)

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
