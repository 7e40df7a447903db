// The trusted keys of packages, by target: only those of the target's own distribution.

import { RPM_KEYS } from '../../archives/keys/rpm.ts'
import type { Certificate } from '../../formats/openpgp/certificates.ts'
import { certificatesIn } from '../certificates.ts'
import type { RpmTarget } from './rows.ts'

const { suse, ...own } = RPM_KEYS

/** `''`: no trustworthy source publishes its key, so an operator has to add it in the settings. */
const KEYS: Readonly<Record<RpmTarget, string>> = {
  ...own,
  alinux: '',
  // Since Leap 15.3, its kernels are those of SUSE.
  opensuse: own.opensuse + suse,
  photon: '',
  sles: suse,
}

/**
 * `more`: armored keys from the operator's settings.
 * @throws {ProbeError} `misconfigured` if one of them is not a key.
 */
export function certificatesFor(target: RpmTarget, more: readonly string[]): readonly Certificate[] {
  const keys = KEYS[target]
  return certificatesIn([...(keys === '' ? [] : [keys]), ...more], `${target}.keys`)
}
