// Which target the registry has for a distribution, by what its os-release says.

import { TARGET_ALIASES } from '../names/aliases.ts'
import { AMAZON_TARGETS } from './distributions.ts'

interface Target {
  /** `vanilla` where no distribution's kernels are known: it needs the kernel's config */
  readonly target: string
  readonly known: boolean
}

/** Distributions whose kernels have been published for by name; ubuntu's go by flavour. */
export const TARGETS: readonly string[] = [
  'alinux',
  'almalinux',
  'amazonlinux',
  'amazonlinux2',
  'amazonlinux2022',
  'amazonlinux2023',
  'arch',
  'azurelinux',
  'bottlerocket',
  'centos',
  'cos',
  'debian',
  'fedora',
  'flatcar',
  'minikube',
  'ol',
  'opensuse',
  'photon',
  'redhat',
  'rocky',
  'sles',
  'talos',
  'vanilla',
]
const UBUNTU = /^ubuntu(?:-[a-zA-Z0-9-]+)?$/

/**
 * The canonical target of an os-release ID, or of a target that a client made of one. Amazon's needs the
 * VERSION_ID. `ubuntu` alone is known, but which flavour only its release says.
 */
export function targetOf(id: string, versionId?: string): Target {
  const lower = id.toLowerCase()
  if (lower === 'amzn') return { target: AMAZON_TARGETS.get(versionId ?? '') ?? 'amazonlinux', known: true }
  const target = TARGET_ALIASES.get(lower) ?? lower
  return TARGETS.includes(target) || UBUNTU.test(target)
    ? { target, known: true }
    : { target: 'vanilla', known: false }
}
