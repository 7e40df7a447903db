// Which targets there are, and whether a name can be a kernel of one: pure and light, for the read path.

import { ProbeError } from '../model/errors.ts'
import type { Probe } from '../model/probe.ts'
import type { ConfigHashName } from '../names/grammar.ts'
import { checkDebian } from './debian/names.ts'

const CHECKS: Readonly<Record<string, (probe: Probe) => void>> = { debian: checkDebian }

/** Targets whose probes are built by name. */
export const HEADER_TARGETS: readonly string[] = Object.keys(CHECKS)

/** ProbeError `unknown-target`, `unsupported-kernel`. */
export function checkKernel(probe: Probe): void {
  const check = Object.hasOwn(CHECKS, probe.target) ? CHECKS[probe.target] : undefined
  if (check === undefined) throw unknownTarget(probe.target)
  check(probe)
}

/** Of a name that says no target: some target must have kernels that call themselves so. ProbeError `unsupported-kernel`. */
export function checkUnameRelease({ unameRelease, arch, kind }: ConfigHashName): void {
  checkDebian({ kernelRelease: unameRelease, kernelVersion: '1', arch, kind })
}

const unknownTarget = (target: string): ProbeError =>
  new ProbeError(
    'unknown-target',
    `no kernels of target "${target}" are built here, only of ${HEADER_TARGETS.join(', ')}; for any other kernel POST its config to /v1/probes`,
  )
