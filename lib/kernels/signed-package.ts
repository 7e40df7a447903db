// Gets packages that are signed themselves, and words the refusals of those that are not.

import type { Certificate } from '../formats/openpgp/certificates.ts'
import { isProbeError, ProbeError } from '../model/errors.ts'
import { inputKey } from '../model/keys.ts'
import type { Package } from '../model/probe.ts'
import type { PlannerPorts } from './planner.ts'

export interface SignedPorts extends Pick<PlannerPorts, 'fetch' | 'inputs' | 'now'> {
  /** trusted keys */
  readonly certificates: readonly Certificate[]
}

type Named = Pick<Package, 'name' | 'version' | 'url'>

/** Bytes; above the largest package of a kernel, except debug files. All modules together have 150 MB. */
const MAX_PACKAGE = 512 * 1024 * 1024

/** The stored copy of a package, else the file at its URL. Neither is verified. */
export async function packageBytes(
  { inputs, fetch }: Pick<SignedPorts, 'inputs' | 'fetch'>,
  { url, sha256, bytes = MAX_PACKAGE }: Pick<Named, 'url'> & Partial<Pick<Package, 'sha256' | 'bytes'>>,
): Promise<Uint8Array> {
  const kept = sha256 === undefined ? undefined : await inputs.get(inputKey(sha256), MAX_PACKAGE)
  return kept ?? fetch(url, { maxBytes: Math.min(bytes, MAX_PACKAGE) })
}

export const refused = ({ url, name, version }: Named, why: string): ProbeError =>
  new ProbeError('signature-invalid', `${url} is not believed as ${name} ${version}: ${why}`)

/** Returns the result of `verify`. Names the package in its errors. */
export function verified<T>(pkg: Named, verify: () => T): T {
  try {
    return verify()
  } catch (error) {
    throw isProbeError(error, 'signature-invalid') ? refused(pkg, error.message) : error
  }
}
