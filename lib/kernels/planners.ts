// Creates the planners of all targets, and selects the planner of each request.

import { endingWithin } from '../formats/openpgp/certificates.ts'
import { ensureInput } from '../inputs/inputs.ts'
import { eachOf } from '../model/each.ts'
import { isProbeError, ProbeError } from '../model/errors.ts'
import type { SubmittedKernel } from '../model/kernel.ts'
import type { QueryDatabase, Sources } from '../model/ports.ts'
import type { ConfigHash, KernelImage, Probe } from '../model/probe.ts'
import { canonical } from '../names/aliases.ts'
import { archPlanner } from './arch/planner.ts'
import { bottlerocketPlanner } from './bottlerocket/planner.ts'
import { cosPlanner } from './cos/planner.ts'
import { debianFamily } from './debian/family.ts'
import { flatcarPlanner } from './flatcar/planner.ts'
import type { KernelPlan, Planner, PlannerPorts, SourceKernel, SourcePlan } from './planner.ts'
import { rpmPlanner } from './rpm/planner.ts'
import { RPM_TARGET_NAMES } from './rpm/rows.ts'
import { TARGET_NAMES, type Target, type TargetSettings, targetNamed, targetsOf } from './targets.ts'
import { ubuntuPlanner } from './ubuntu/planner.ts'
import { planSource } from './vanilla/planner.ts'
import type { VanillaSettings } from './vanilla/settings.ts'
import type { SourcePorts } from './vanilla/source.ts'

type Make = (ports: MakerPorts, settings: TargetSettings) => Planner

const MAKERS = {
  ...eachOf(
    RPM_TARGET_NAMES,
    (target): Make =>
      (ports, settings) =>
        rpmPlanner(ports, target, settings[target]),
  ),
  arch: archPlanner,
  bottlerocket: (ports, { bottlerocket }) => bottlerocketPlanner(ports, bottlerocket),
  cos: cosPlanner,
  debian: debianFamily,
  flatcar: flatcarPlanner,
  ubuntu: ubuntuPlanner,
} as const satisfies Readonly<Record<Target, Make>>

interface PlannersPorts extends PlannerPorts {
  readonly sources: Sources
  readonly query: QueryDatabase
}

interface MakerPorts extends PlannersPorts {
  /** Plans a kernel that has a config, but no header packages. */
  readonly fromSource: (kernel: SourceKernel) => Promise<SourcePlan>
}

export function createPlanners(
  settings: TargetSettings & { readonly vanilla: VanillaSettings },
  ports: PlannersPorts,
) {
  const fromSource = (kernel: SourceKernel) => planSource(vanilla, settings.vanilla, kernel)
  const made = eachOf(TARGET_NAMES, (target) => MAKERS[target]({ ...ports, fromSource }, settings))
  const planners = Object.values(made)
  const vanilla: SourcePorts = {
    ...ports,
    findPackages: async (...asked) =>
      (await Promise.all(planners.map((planner) => planner.find?.(...asked) ?? []))).flat(),
  }
  const plannerFor = (name: string): Planner => {
    const target = targetNamed(name)
    if (target !== undefined) return made[target]
    throw new ProbeError('unknown-target', `there is no planner of target "${name}"`)
  }
  const tellEnding = endingTeller(plannerFor, ports)
  return {
    /** @throws {ProbeError} `unknown-target`, and the errors of the target's planner. */
    plan: async (probe: Probe): Promise<KernelPlan> => {
      const plan = await plannerFor(probe.target).plan(probe)
      tellEnding(probe.target)
      return plan
    },
    /**
     * Stores a package of a plan in the inputs bucket. Verifies its own signature if its list is not
     * trusted (`signedFor`), else its digest.
     * @throws {ProbeError} as for a plan.
     */
    bring: (pkg: KernelImage): Promise<void> => {
      const planner = pkg.signedFor === undefined ? undefined : plannerFor(pkg.signedFor)
      return planner?.bring?.(pkg) ?? ensureInput(ports.inputs, ports.fetch, pkg)
    },
    /**
     * Finds the distribution's probe for a name without a target, or for a submitted config.
     * @throws {ProbeError} `headers-not-found`, and the errors of a planner.
     */
    identify: (asked: ConfigHash & { readonly target?: string }): Promise<Probe> => {
      const all = targetsOf(asked)
      // A dozen distributions name their kernels alike. If the host names its own, only that mirror is asked.
      const own = all.filter((target) => target === targetNamed(asked.target ?? ''))
      return firstFound(
        (own.length > 0 ? own : all).map(
          (target) => async () => named(asked, target, await plannerFor(target).identify(asked)),
        ),
        `no distribution that is built here has a kernel ${asked.unameRelease}`,
      )
    },
    /** Plans a submitted kernel: from the header packages that it names, else from source and config. */
    planSubmitted: (kernel: SubmittedKernel): Promise<KernelPlan> =>
      kernel.kernelUrls.length > 0
        ? firstFound(
            planners.map((planner) => () => planner.planPackages(kernel)),
            `no archive that is configured has the packages of kernel ${kernel.unameRelease}`,
          )
        : fromSource(kernel),
  }
}

/** Days before a key's expiry in which a newer key can be added. No later signature is trusted. */
const ENDING = 60

/** Logs the keys of each target only once per process, because an alarm counts the lines. */
function endingTeller(
  plannerFor: (target: string) => Planner,
  { log, now }: PlannerPorts,
): (target: string) => void {
  const told = new Set<string>()
  return (target) => {
    if (told.has(target)) return
    told.add(target)
    for (const { fingerprint, ends } of endingWithin(ENDING, plannerFor(target).certificates(), now()))
      log('key ends soon', { target, fingerprint, ends: new Date(ends * 1000).toISOString() })
  }
}

const named = (
  { driverVersion, driverName, arch, kind }: ConfigHash,
  target: Target,
  kernel: Pick<Probe, 'kernelRelease' | 'kernelVersion'>,
): Probe => canonical({ driverVersion, driverName, arch, kind, target, ...kernel })

/**
 * Returns the first success. If there is none, throws `mirror-unreachable` if a mirror could not be reached,
 * because it may have the kernel; else the last refusal, or `otherwise` if nothing was tried.
 */
async function firstFound<T>(tries: readonly (() => Promise<T>)[], otherwise: string): Promise<T> {
  let refusal = new ProbeError('headers-not-found', otherwise)
  for (const attempt of tries) {
    try {
      return await attempt()
    } catch (error) {
      if (isProbeError(error, 'mirror-unreachable')) refusal = error
      else if (!isProbeError(error, 'headers-not-found')) throw error
      else if (refusal.code === 'headers-not-found') refusal = error
    }
  }
  throw refusal
}
