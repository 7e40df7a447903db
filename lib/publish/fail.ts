// Handles a failed build or load test: finds the reason, stores the log, and writes the failure to the index.

import { failureOf, lastLines, tellingLines } from '../build/failure.ts'
import { readFault } from '../build/faults.ts'
import { sha256 } from '../model/digest.ts'
import { stagingKeys } from '../model/keys.ts'
import type { BrokeOff } from '../model/ports.ts'
import type { Claim, FailureReason } from '../model/probe.ts'
import { forgottenAt, PLAN_MILLISECONDS, retryAt } from '../model/retry.ts'
import { nameOf } from '../names/grammar.ts'
import { subjectOfName } from '../names/subject.ts'
import { lostWhy } from './lost.ts'
import type { PublishPorts } from './ports.ts'
import { keepTree, readStaged, type Staged } from './staged.ts'

/** A probe that is being built. */
export interface Claimed {
  readonly key: string
  readonly claim: Claim
}

interface Refusal {
  readonly reason: FailureReason
  /** human-readable: the failure and its remedy; `due`: when the probe can be built again, in ISO 8601 */
  readonly detail: string | ((due: string) => string)
  /** becomes the probe's `.log` */
  readonly log?: Uint8Array
}

type FailOutcome = 'failed' | 'claim-lost'

/** Fails a build that left no probe. `brokeOff`: where it stopped, as the builder reports it. */
export async function failBuild(
  ports: PublishPorts,
  claimed: Claimed,
  brokeOff?: BrokeOff,
): Promise<FailOutcome> {
  const { id } = claimed.claim
  const staged = await readStaged(ports, id)
  await keepTree(ports, id, staged)
  return fail(ports, { ...claimed, ...(await refusalOf(ports, claimed.claim, staged, brokeOff)) })
}

async function refusalOf(
  { staging }: PublishPorts,
  { id, buildId }: Claim,
  { log, report, plan }: Staged,
  brokeOff: BrokeOff | undefined,
): Promise<Refusal> {
  // Checked first, because a compile error in the wrong kernel's tree is not a fault of the driver.
  const lost = lostWhy({ plan, report })
  if (lost !== undefined) return { reason: 'cannot-load', detail: lost, log }
  if (report === undefined && brokeOff?.begun === false)
    return { reason: 'build-broken', detail: notBegun(brokeOff), log }
  // If the builder sent `brokeOff`, a build existed: the event of its end may come before the index has its id.
  if (report === undefined && brokeOff === undefined && buildId === undefined)
    return { reason: 'plan-error', detail: notPlanned(await readFault(staging, stagingKeys(id).fault)) }
  const reason = failureOf(report, log)
  return { reason, detail: (due) => whatHappened(reason, log, due, brokeOff), log }
}

const notBegun =
  ({ why }: BrokeOff) =>
  (due: string): string =>
    `no build could start. The builder reported: ${why || 'nothing'}. The operator must fix this; the next request after ${due} tries again`

const notPlanned = (fault: string | undefined) => (due: string) =>
  `${fault === undefined ? `the registry did not get to it within ${PLAN_MILLISECONDS / 1000} s: it is busy, or an archive that it reads is slow` : `the registry failed before it could be built: ${fault}`}. Ask again after ${due}; the log of the function plan has more for the operator`

function whatHappened(
  reason: FailureReason,
  log: Uint8Array | undefined,
  due: string,
  brokeOff: BrokeOff | undefined,
): string {
  const again = `the next request after ${due} builds it again`
  switch (reason) {
    case 'build-lost':
      return `its build was cut off before it could report.${brokeOff?.why ? ` The builder reported: ${brokeOff.why}.` : ''} T${again.slice(1)}`
    case 'compile-error':
      return `the driver does not compile on this kernel; use a driver version that supports it. The compiler said:\n${tellingLines(log)}`
    case 'build-broken':
      return `the registry's own tools failed, not the driver. There is nothing to do: ${again}, and an alarm notifies the operator. Its last lines:\n${lastLines(log)}`
    default:
      return `its build did not end in time; ${again}. Its last lines:\n${lastLines(log)}`
  }
}

export async function fail(
  ports: PublishPorts,
  { key, claim, reason, detail, log }: Claimed & Refusal,
): Promise<FailOutcome> {
  const { id, attempt } = claim
  const { file, driverVersion } = subjectOfName(nameOf(key))
  // Stores the log first: after a crash, nothing refers to it, and the next try stores it again.
  const logKey = log && (await keepLog(ports, `${key}/failed/${id}.log`, log))
  const now = ports.now()
  const due = retryAt(reason, attempt, now)
  const why = typeof detail === 'string' ? detail : detail(new Date(due).toISOString())
  const held = await ports.index.fail(key, id, {
    reason,
    detail: `${file} of driver ${driverVersion}: ${why}`,
    retryAt: due,
    // The failure of a claim without a build expires.
    expiresAt: reason === 'plan-error' ? forgottenAt(reason, due, now) : undefined,
    logKey,
  })
  ports.log('build failed', { key, claim: id, reason })
  return held ? 'failed' : 'claim-lost'
}

async function keepLog({ artifacts }: PublishPorts, logKey: string, log: Uint8Array): Promise<string> {
  const contentType = 'text/plain; charset=utf-8'
  await artifacts.create(logKey, log, { contentType, sha256: sha256(log) })
  return logKey
}
