// Lists the targets, and checks whether they can have a kernel. Pure; the read path loads this file.

import type * as z from 'zod'
import { isProbeError, ProbeError } from '../model/errors.ts'
import type { ConfigHash, Probe } from '../model/probe.ts'
import { type Series, seriesOf } from '../model/series.ts'
import { quote } from '../model/text.ts'
import { orSubmit } from '../model/way-out.ts'
import { arch } from './arch/target.ts'
import { bottlerocket } from './bottlerocket/target.ts'
import { cos } from './cos/target.ts'
import { debian } from './debian/target.ts'
import { flatcar } from './flatcar/target.ts'
import type { KernelRequest } from './planner.ts'
import { unsupported } from './refusals.ts'
import { RPM_TARGETS } from './rpm/target.ts'
import type { TargetFacts } from './target.ts'
import { ubuntu } from './ubuntu/target.ts'

/** A new target needs a folder, and a line here and in planners.ts; with rpms only a row in rpm/rows.ts. */
export const TARGETS = {
  debian,
  ubuntu,
  arch,
  flatcar,
  bottlerocket,
  cos,
  ...RPM_TARGETS,
} as const satisfies Readonly<Record<string, TargetFacts>>

export type Target = keyof typeof TARGETS
/** Settings by target. */
export type TargetSettings = { readonly [T in Target]: Readonly<z.infer<(typeof TARGETS)[T]['settings']>> }

/** Targets whose probes are built by name. */
export const TARGET_NAMES = Object.keys(TARGETS) as readonly Target[]

const isTarget = (name: string): name is Target => Object.hasOwn(TARGETS, name)

/** The target with that name; `ubuntu` for its flavours, e.g. `ubuntu-aws`. */
export const targetNamed = (name: string): Target | undefined => {
  if (isTarget(name)) return name
  return UBUNTU.test(name) ? 'ubuntu' : undefined
}
const UBUNTU = /^ubuntu-[a-z][a-z0-9-]*$/i

/** @throws {ProbeError} `unknown-target`, `unsupported-kernel`. */
export function checkKernel(probe: Probe): void {
  const target = targetNamed(probe.target)
  if (target === undefined) throw unknownTarget(probe.target)
  TARGETS[target].check(probe)
}

/** `undefined` if the name of the kernel does not show its series. The probe must pass `checkKernel`. */
export const seriesOfKernel = ({ target, kernelRelease }: Probe): Series | undefined => {
  const named = targetNamed(target)
  const facts: TargetFacts | undefined = named && TARGETS[named]
  return facts === undefined || facts.namesNoSeries ? undefined : seriesOf(kernelRelease)
}

/**
 * Checks a name without a target: at least one target must be able to have a kernel with this `uname -r`.
 * @throws {ProbeError} `unsupported-kernel`.
 */
export function checkUnameRelease(asked: ConfigHash): void {
  if (targetsOf(asked).length > 0) return
  throw unsupported(`${asked.unameRelease} is not the release of a kernel of ${TARGET_NAMES.join(' or ')}`)
}

/** The targets that can have a kernel with this `uname -r`. */
export const targetsOf = ({ unameRelease, arch, kind }: ConfigHash): readonly Target[] =>
  TARGET_NAMES.filter((target) =>
    accepts(TARGETS[target], { kernelRelease: unameRelease, kernelVersion: '1', arch, kind }),
  )

function accepts({ check }: TargetFacts, request: KernelRequest): boolean {
  try {
    check(request)
    return true
  } catch (error) {
    if (isProbeError(error, 'unsupported-kernel')) return false
    throw error
  }
}

/** Targets whose kernels cannot be planned by name, and why. The message suggests submitting the config. */
export const SUBMITTED: Readonly<Record<string, string>> = {
  amazonlinux: 'Amazon Linux 1 ended in December 2023, and its packages are served no more',
  amazonlinux2022: 'Amazon Linux 2022 was a preview of 2023, and its packages are served no more',
  minikube: "minikube publishes only a part of its kernel's config, and no headers",
  talos: 'Talos publishes no headers of its kernels, and no Module.symvers',
  vanilla: 'a kernel of your own has packages nowhere',
}

function unknownTarget(target: string): ProbeError {
  const why = Object.hasOwn(SUBMITTED, target) ? SUBMITTED[target] : undefined
  const names = TARGET_NAMES.join(', ')
  const unknown = `no kernels of target ${quote(target)} can be built by name; the registry builds those of ${names}`
  return new ProbeError('unknown-target', orSubmit(why ?? unknown))
}
