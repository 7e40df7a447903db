// A submission: checked facts, and files that are still hostile bytes.

import type { HostFacts } from '../clients/facts.ts'
import type { DriverName, Kind } from '../model/probe.ts'

export interface Submission {
  /** as sent: plain, gzip, xz or zstd */
  readonly config: Uint8Array
  readonly facts: HostFacts
  /** `uname -m` without probes: only the compatibility check answers */
  readonly foreignMachine?: string | undefined
  /** text of /proc/version */
  readonly procVersion: string | undefined
  /** Module.symvers as sent: plain, gzip, xz or zstd */
  readonly symvers: Uint8Array | undefined
  /** /sys/kernel/kheaders.tar.xz, with CONFIG_IKHEADERS */
  readonly kheaders: Uint8Array | undefined
  /** of header packages in the distribution's archive */
  readonly kernelUrls: readonly string[]
  /** empty: those in the settings, or the newest known one */
  readonly driverVersions: readonly string[]
  /** `undefined`: the first name of the driver version */
  readonly driverName: DriverName | undefined
  /** empty: all kinds of the driver version */
  readonly kinds: readonly Kind[]
  /** build probes that cannot load, too */
  readonly force: boolean
}
