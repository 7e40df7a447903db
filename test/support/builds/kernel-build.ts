// Builds a driver for a Debian kernel from its header packages.

import type { DebianKernel } from '../registry/kernels.ts'
import { packageBytes, treeOf } from './archive.ts'
import type { Build, Input } from './build.ts'

/** The package of driver sources of this machine's own release. */
export const DRIVER_PACKAGE = 'falcosecurity-scap-dkms'

export const driverInput = (deb: Buffer = packageBytes(DRIVER_PACKAGE)): Input => ({
  role: 'driver',
  format: 'deb',
  body: deb,
})

export function kernelBuild(
  kernel: DebianKernel,
  kind: 'kmod' | 'ebpf',
  driver: Input = driverInput(),
  settings: Build['settings'] = {},
): Build {
  const { tree, compiler, headers } = treeOf(kernel)
  return {
    settings: {
      KIND: kind,
      UNAME_RELEASE: kernel.unameRelease,
      TREE: tree,
      COMPILER: compiler,
      ...settings,
    },
    inputs: [...headers.map((body) => ({ role: 'header', format: 'deb', body }) as const), driver],
  }
}
