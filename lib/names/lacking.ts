// Names that lack a part: which client leaves it out, and what to do about it.

import { ProbeError } from '../model/errors.ts'
import { quote } from '../model/text.ts'
import { orSubmit } from '../model/way-out.ts'

/** `falco_cos__1.ko`: between target and version there is nothing. */
const NO_RELEASE = /^(?:falco|scap)_[A-Za-z0-9.-]*__[^_]+\.(?:ko|o)(?:\.[a-z0-9]+)?$/

/** ProbeError `malformed`. `file`: at most as long as a file name is. */
export function refuseWithoutRelease(file: string): void {
  if (!NO_RELEASE.test(file)) return
  throw new ProbeError(
    'malformed',
    orSubmit(
      `${quote(file)} has no kernel release. falcoctl 0.7 asks so where it cannot read what uname -r says. Use falcoctl 0.10 or newer, which reads more of them; where that sends no request either, run this registry's falco-driver-loader`,
    ),
  )
}

/** @throws {ProbeError} `unknown-target`, for a name without a target: `falco__5.15.96-0-virt_1.ko`. */
export const withoutTarget = (file: string): ProbeError =>
  new ProbeError(
    'unknown-target',
    orSubmit(
      `${quote(file)} has no target. falco-driver-loader of Falco up to 0.36 asks so on a host whose /etc/os-release has no ID. Give os-release its distribution's ID, or run this registry's falco-driver-loader there`,
    ),
  )
