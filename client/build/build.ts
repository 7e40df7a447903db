// Builds one probe without a registry. The registry's own code plans, builds and verifies it; nothing is
// signed or published.

import { type DecidePorts, type Decision, decide, type OrderPorts, orderOf } from '../../lib/build/decide.ts'
import { failureOf, lastLines, tellingLines } from '../../lib/build/failure.ts'
import { encodeOrder } from '../../lib/build/order.ts'
import { sha256 } from '../../lib/model/digest.ts'
import { ProbeError, unreachable } from '../../lib/model/errors.ts'
import { stagingKeys } from '../../lib/model/keys.ts'
import type { BuildCache, BuildOrder, Log, NewId, Store } from '../../lib/model/ports.ts'
import type { FailureReason, Probe } from '../../lib/model/probe.ts'
import { format, keyOf } from '../../lib/names/grammar.ts'
import { type KernelOf, type KernelOfPorts, kernelOf } from '../../lib/plan/kernel-of.ts'
import { lostWhy } from '../../lib/publish/lost.ts'
import { keepTree, readStaged, type Staged, type Verified, verifyStaged } from '../../lib/publish/staged.ts'
import type { Ended } from './machine.ts'

export interface BuildPorts extends KernelOfPorts, DecidePorts, OrderPorts {
  readonly cache: BuildCache
  readonly staging: Store
  readonly run: (order: BuildOrder) => Promise<Ended>
  readonly newId: NewId
  readonly log: Log
  /** receives readable progress lines */
  readonly tell: (line: string) => void
}

export type Outcome =
  | { readonly tag: 'built'; readonly probe: Probe; readonly staged: Verified }
  | {
      readonly tag: 'failed'
      readonly probe: Probe
      readonly reason: FailureReason
      /** readable: what happened and what to do */
      readonly detail: string
      readonly log: Uint8Array | undefined
    }

/** @throws {ProbeError} from the ports, before the build starts */
export async function buildProbe(ports: BuildPorts, asked: Probe): Promise<Outcome> {
  const { probe, found } = await toBuild(ports, asked)
  const claim = ports.newId()
  const decision = await decide(
    ports,
    { key: keyOf(probe), claim, attempt: 1 },
    found.kernel,
    found.submission ?? {},
  )
  tellPlan(ports, probe, decision)
  const ended = await ports.run(await ordered(ports, probe, decision))
  const staged = await readStaged(ports, claim)
  await keepTree(ports, claim, staged)
  return outcomeOf(ports, probe, staged, ended)
}

/**
 * Maximum number of names. Redirects of a registry are followed here as well, each once; there are at most
 * two.
 */
const MOST_NAMES = 3

async function toBuild(
  ports: BuildPorts,
  asked: Probe,
): Promise<{ probe: Probe; found: Extract<KernelOf, { tag: 'kernel' }> }> {
  let probe = asked
  for (let names = 0; names < MOST_NAMES; names += 1) {
    const found = await kernelOf(ports, probe)
    if (found.tag === 'kernel') return { probe, found }
    probe = found.of
    ports.tell(
      found.tag === 'older-name'
        ? `that kernel's name of today: ${format(probe)}`
        : `that config is of the distribution's own kernel: ${format(probe)}`,
    )
  }
  throw new ProbeError('misconfigured', `the names of ${format(asked)} lead nowhere`)
}

function tellPlan({ tell }: BuildPorts, probe: Probe, { plan }: Decision): void {
  tell(`${format(probe)}, for kernel ${plan.unameRelease}`)
  for (const { name, version } of [plan.driverSource, ...plan.headers]) tell(`from ${name} ${version}`)
  const { suite, match } = plan.root ?? {}
  const near = match === 'nearest' ? ', the nearest to the one that built the kernel' : ''
  tell(`with ${plan.compiler} of ${suite}${near}`)
}

/** The work folder also receives the files that a registry's publish reads later. */
async function ordered(ports: BuildPorts, probe: Probe, decision: Decision): Promise<BuildOrder> {
  const { key, claim } = decision.plan
  const keys = stagingKeys(claim)
  const order = await orderOf(ports, decision)
  const job = new TextEncoder().encode(order.job)
  const create = (name: string, body: Uint8Array) =>
    ports.staging.create(name, body, { contentType: 'application/octet-stream', sha256: sha256(body) })
  await create(keys.plan, encodeOrder(order))
  await create(keys.job, job)
  const { jobUrl, stepsRoot } = order
  return { phase: 'build', key, probe, claim, jobUrl, jobSha256: sha256(job), stepsRoot }
}

function outcomeOf(ports: BuildPorts, probe: Probe, staged: Staged, ended: Ended): Outcome {
  const { log, report } = staged
  const failed = (reason: FailureReason, detail: string): Outcome => ({
    tag: 'failed',
    probe,
    reason,
    detail,
    log,
  })
  switch (ended.status) {
    case 'timed-out':
      return failed('build-timeout', `no end within ${ports.settings.build.timeoutMinutes} minutes`)
    case 'failed': {
      const lost = lostWhy(staged)
      if (lost !== undefined) return failed('cannot-load', lost)
      const reason = failureOf(report, log)
      return failed(reason, whatHappened(reason, log, ended.context))
    }
    case 'succeeded': {
      const checked = verifyStaged(ports.settings, keyOf(probe), staged)
      return checked.tag === 'refused'
        ? failed(checked.reason, checked.detail)
        : { tag: 'built', probe, staged: checked.staged }
    }
    default:
      return unreachable(ended.status)
  }
}

function whatHappened(reason: FailureReason, log: Uint8Array | undefined, context: string): string {
  switch (reason) {
    case 'compile-error':
      return `the driver does not compile on this kernel: use a driver version that supports it. The compiler said:\n${tellingLines(log)}`
    case 'build-lost':
      return `the build left no report: ${context}`
    case 'build-timeout':
      return `compiling did not end in time: is the machine busy? It said last:\n${lastLines(log)}`
    default:
      return `the tools failed, which says nothing about the driver. The build said last:\n${lastLines(log)}`
  }
}
