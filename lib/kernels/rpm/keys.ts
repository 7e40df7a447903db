// The trusted keys of packages, by target: only those of the target's own distribution.

import { ALMALINUX_KEYS } from '../../archives/keys/rpm/almalinux.ts'
import { AMAZONLINUX2_KEYS } from '../../archives/keys/rpm/amazonlinux2.ts'
import { AMAZONLINUX2023_KEYS } from '../../archives/keys/rpm/amazonlinux2023.ts'
import { AZURELINUX_KEYS } from '../../archives/keys/rpm/azurelinux.ts'
import { CENTOS_KEYS } from '../../archives/keys/rpm/centos.ts'
import { FEDORA_KEYS } from '../../archives/keys/rpm/fedora.ts'
import { OL_KEYS } from '../../archives/keys/rpm/ol.ts'
import { OPENSUSE_KEYS } from '../../archives/keys/rpm/opensuse.ts'
import { REDHAT_KEYS } from '../../archives/keys/rpm/redhat.ts'
import { ROCKY_KEYS } from '../../archives/keys/rpm/rocky.ts'
import { SUSE_KEYS } from '../../archives/keys/rpm/suse.ts'
import type { Certificate } from '../../formats/openpgp/certificates.ts'
import { certificatesIn } from '../certificates.ts'
import type { RpmTarget } from './rows.ts'

/** `''`: no trustworthy source publishes its key, so an operator has to add it in the settings. */
const RPM_KEYS: Readonly<Record<RpmTarget, string>> = {
  alinux: '',
  almalinux: ALMALINUX_KEYS,
  amazonlinux2: AMAZONLINUX2_KEYS,
  amazonlinux2023: AMAZONLINUX2023_KEYS,
  azurelinux: AZURELINUX_KEYS,
  centos: CENTOS_KEYS,
  fedora: FEDORA_KEYS,
  ol: OL_KEYS,
  // Since Leap 15.3, its kernels are those of SUSE.
  opensuse: OPENSUSE_KEYS + SUSE_KEYS,
  photon: '',
  redhat: REDHAT_KEYS,
  rocky: ROCKY_KEYS,
  sles: SUSE_KEYS,
}

/**
 * `more`: armored keys from the operator's settings.
 * @throws {ProbeError} `misconfigured` if one of them is not a key.
 */
export function certificatesFor(target: RpmTarget, more: readonly string[]): readonly Certificate[] {
  const own = RPM_KEYS[target]
  return certificatesIn([...(own === '' ? [] : [own]), ...more], `${target}.keys`)
}
