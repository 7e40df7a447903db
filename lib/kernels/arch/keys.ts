// The trusted keys of packages: Arch's packagers, and on aarch64 the build system of Arch Linux ARM.

import { ARCH_KEYS } from '../../archives/keys/arch.ts'
import { ARCH_ARM_KEYS } from '../../archives/keys/arch-arm.ts'
import type { Certificate } from '../../formats/openpgp/certificates.ts'
import type { Arch } from '../../model/probe.ts'
import { certificatesIn } from '../certificates.ts'

const KEYS: Readonly<Record<Arch, string>> = { x86_64: ARCH_KEYS, aarch64: ARCH_ARM_KEYS }

/**
 * `more`: armored keys from the operator's settings.
 * @throws {ProbeError} `misconfigured` if one of them is not a key.
 */
export const archCertificates = (arch: Arch, more: readonly string[]): readonly Certificate[] =>
  certificatesIn([KEYS[arch], ...more], 'arch.keys')

/**
 * Keys of those who package kernels in 2026: Steffens and Heusel (linux, linux-zen), Radke (linux-lts),
 * Polyak (linux-hardened), Runge (linux-rt).
 */
const OF_KERNELS: readonly string[] = [
  '83BC8889351B5DEBBB68416EB8AC08600F108CDF',
  'F00B96D15228013FFC9C9D0393B11DAA4C197E3D',
  'ADC8A1FCC15E01D45310419E94657AB20F2A092B',
  'E240B57E2C4630BA768E2F26FC1B547C8D8172C8',
  '991F6E3F0765CF6295888586139B09DA5BF0D338',
]

/** Only the keys that sign kernels: among the keys of all packagers, one always ends soon. */
export const watchedCertificates = (more: readonly string[]): readonly Certificate[] => [
  ...archCertificates('x86_64', []).filter(({ fingerprint }) => OF_KERNELS.includes(fingerprint)),
  ...archCertificates('aarch64', more),
]
