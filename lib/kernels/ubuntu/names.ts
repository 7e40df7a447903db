// Parses the names of Ubuntu's kernels that clients put into a URL.

import type { KernelName } from '../planner.ts'
import { unsupported } from '../refusals.ts'

export interface UbuntuRelease {
  /** version and ABI, the beginning of a package's version: `6.2.0-26` */
  readonly abi: string
  /** `generic`, `aws`, `lowlatency-64k`, ... */
  readonly flavour: string
}

/** Since 2.6.32, the third number is 0. Names that end with an architecture are Debian's. */
const RELEASE = /^(\d{1,2}\.\d{1,3}\.0-\d{1,6})-(?!(?:.*-)?(?:amd64|arm64)$)([a-z][a-z0-9.-]{0,60})$/
/** The end of a package's version, and the text after the `#` in `uname -v`: `26`, `26~22.04.1`, `5.1`. */
const UPLOAD = /^\d{1,6}[0-9A-Za-z.+~]{0,40}$/

/** `undefined` if no kernel of Ubuntu can have that name. */
export function parseUbuntu(kernelRelease: string): UbuntuRelease | undefined {
  const [, abi, flavour] = RELEASE.exec(kernelRelease) ?? []
  return abi === undefined || flavour === undefined ? undefined : { abi, flavour }
}

/** Pure. @throws {ProbeError} `unsupported-kernel`. */
export function checkUbuntu({ kernelRelease, kernelVersion }: KernelName): UbuntuRelease {
  const release = parseUbuntu(kernelRelease)
  if (release === undefined)
    throw unsupported(
      `${kernelRelease} is not the release of a kernel of Ubuntu, such as 6.8.0-52-generic: this kernel is not Ubuntu's own`,
    )
  if (!UPLOAD.test(kernelVersion))
    throw unsupported(
      `${kernelVersion} is not the version of a kernel of Ubuntu: ask by the text after the # in \`uname -v\`, e.g. 53 or 53~22.04.1`,
    )
  return release
}

/**
 * Other values of `uname -r` that a name from driverkit's configs may mean. driverkit took the flavour from
 * the first word of the source package: `hwe` of `linux-hwe`, `intel` of `linux-intel-iotg`, `azure` of
 * `linux-azure-cvm`.
 */
export const othersCalled = ({ abi, flavour }: UbuntuRelease): readonly string[] =>
  (SOURCES[flavour] ?? []).map((own) => `${abi}-${own}`)

const SOURCES: Readonly<Record<string, readonly string[]>> = {
  azure: ['azure-cvm', 'azure-fde'],
  hwe: ['generic'],
  intel: ['intel-iotg'],
  nvidia: ['nvidia-tegra'],
  oem: ['oem-osp1'],
  xilinx: ['xilinx-zynqmp'],
}
