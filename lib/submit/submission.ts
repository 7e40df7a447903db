// What a host submits: facts that are checked, and files that are still hostile bytes.

import type { HostFacts } from '../clients/facts.ts'
import type { DriverName, Kind } from '../model/probe.ts'

export interface Submission {
  /** as it came: plain, gzip, xz or zstd */
  readonly config: Uint8Array
  readonly facts: HostFacts
  /** `uname -m`, where nothing is built for it: who only asks is answered by the config */
  readonly foreignMachine?: string | undefined
  /** text of /proc/version */
  readonly procVersion: string | undefined
  /** Module.symvers as it came: plain, gzip, xz or zstd */
  readonly symvers: Uint8Array | undefined
  /** /sys/kernel/kheaders.tar.xz of kernels with CONFIG_IKHEADERS */
  readonly kheaders: Uint8Array | undefined
  /** of header packages in the distribution's archive */
  readonly kernelUrls: readonly string[]
  /** empty: those that the settings name, or the newest that is known */
  readonly driverVersions: readonly string[]
  /** `undefined`: the first that the driver version is built as */
  readonly driverName: DriverName | undefined
  /** empty: all that the driver version is built as */
  readonly kinds: readonly Kind[]
  /** build what could never load, too */
  readonly force: boolean
}
