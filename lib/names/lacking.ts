// Refuses names without a release or a target. The message names the client that sends them, and what to do.

import { ProbeError } from '../model/errors.ts'
import { quote } from '../model/text.ts'
import { orSubmit } from '../model/way-out.ts'

/** For example `falco_cos__1.ko`. */
const NO_RELEASE = /^(?:falco|scap)_[A-Za-z0-9.-]*__[^_]+\.(?:ko|o)(?:\.[a-z0-9]+)?$/

/** `file`: at most MAX_FILE characters. @throws {ProbeError} `malformed`. */
export function refuseWithoutRelease(file: string): void {
  if (!NO_RELEASE.test(file)) return
  throw new ProbeError(
    'malformed',
    orSubmit(
      `${quote(file)} has no kernel release. falcoctl 0.7 sends such a name where it cannot parse uname -r. Use falcoctl 0.10 or newer, which parses more releases; where that sends no request either, run this registry's falco-driver-loader`,
    ),
  )
}

/** The error `unknown-target` for a name without a target: `falco__5.15.96-0-virt_1.ko`. */
export const withoutTarget = (file: string): ProbeError =>
  new ProbeError(
    'unknown-target',
    orSubmit(
      `${quote(file)} has no target. falco-driver-loader of Falco up to 0.36 sends such a name on a host whose /etc/os-release has no ID. Give os-release its distribution's ID, or run this registry's falco-driver-loader there`,
    ),
  )
