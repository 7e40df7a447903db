// Maps a distribution's os-release ID to the registry's target.

import { TARGET_ALIASES } from '../names/aliases.ts'
import { AMAZON_TARGETS } from './distributions.ts'

interface Target {
  /** `vanilla` for an unknown distribution, whose probes need the kernel's config */
  readonly target: string
  readonly known: boolean
}

/** Targets that the names of probes contain. Ubuntu has one for each flavour. */
export const TARGETS: readonly string[] = [
  ...['alinux', 'almalinux', 'amazonlinux', 'amazonlinux2', 'amazonlinux2022', 'amazonlinux2023', 'arch'],
  ...['azurelinux', 'bottlerocket', 'centos', 'cos', 'debian', 'fedora', 'flatcar', 'minikube', 'ol'],
  ...['opensuse', 'photon', 'redhat', 'rocky', 'sles', 'talos', 'vanilla'],
]
const UBUNTU = /^ubuntu(?:-[a-zA-Z0-9-]+)?$/

/**
 * The canonical target of an os-release ID, or of a client's target. Amazon Linux also needs the VERSION_ID. `ubuntu` counts
 * as known, although the flavour follows from the kernel release.
 */
export function targetOf(id: string, versionId?: string): Target {
  const lower = id.toLowerCase()
  if (lower === 'amzn') return { target: AMAZON_TARGETS.get(versionId ?? '') ?? 'amazonlinux', known: true }
  const target = TARGET_ALIASES.get(lower) ?? lower
  return TARGETS.includes(target) || UBUNTU.test(target)
    ? { target, known: true }
    : { target: 'vanilla', known: false }
}
