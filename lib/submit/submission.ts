// Defines a submission: validated facts, and files that nothing has validated yet.

import type { HostFacts } from '../clients/facts.ts'
import type { DriverName, Kind } from '../model/probe.ts'

export interface Submission {
  /** as sent: plain, gzip, xz or zstd */
  readonly config: Uint8Array
  readonly facts: HostFacts
  /** the host's `uname -m`, if no probes exist for it; then only the compatibility check answers */
  readonly foreignMachine?: string | undefined
  /** text of /proc/version */
  readonly procVersion: string | undefined
  /** Module.symvers as sent: plain, gzip, xz or zstd */
  readonly symvers: Uint8Array | undefined
  /** /sys/kernel/kheaders.tar.xz, which exists with CONFIG_IKHEADERS */
  readonly kheaders: Uint8Array | undefined
  /** URLs of header packages in the distribution's archive */
  readonly kernelUrls: readonly string[]
  /** empty: the versions in the settings, or the newest known one */
  readonly driverVersions: readonly string[]
  /** `undefined`: the driver version's first name */
  readonly driverName: DriverName | undefined
  /** empty: all kinds of the driver version */
  readonly kinds: readonly Kind[]
  /** whether to build even probes that cannot load */
  readonly force: boolean
}
