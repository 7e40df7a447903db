// A build, or its load test, failed: works out the reason, keeps the log, and writes the failure to the index.

import { failureOf, lastLines, tellingLines } from '../build/failure.ts'
import { readFault } from '../build/faults.ts'
import { sha256 } from '../model/digest.ts'
import { stagingKeys } from '../model/keys.ts'
import type { BrokeOff, Clock, Index, Store } from '../model/ports.ts'
import type { Claim, FailureReason } from '../model/probe.ts'
import { forgottenAt, PLAN_MILLISECONDS, retryAt } from '../model/retry.ts'
import { nameOf } from '../names/grammar.ts'
import { subjectOfName } from '../names/subject.ts'
import { lostWhy } from './lost.ts'
import { keepTree, readStaged, type StagedPorts, type TreePorts } from './staged.ts'

export interface FailPorts extends StagedPorts, TreePorts {
  readonly index: Pick<Index, 'fail'>
  readonly artifacts: Pick<Store, 'create'>
  readonly now: Clock
}

type FailOutcome = 'failed' | 'claim-lost'

/** The build left no probe: what it left says why. `brokeOff`: as its end was told; `undefined`: nobody told it. */
export async function failBuild(
  ports: FailPorts,
  key: string,
  claim: Claim,
  brokeOff?: BrokeOff,
): Promise<FailOutcome> {
  const staged = await readStaged(ports, claim.id)
  const { log, report } = staged
  await keepTree(ports, claim.id, staged)
  // What does not compile in another kernel's tree says nothing about the driver.
  const lost = lostWhy(staged)
  if (lost !== undefined) return fail(ports, key, claim, 'cannot-load', lost, log)
  if (report === undefined && brokeOff?.begun === false)
    return fail(ports, key, claim, 'build-broken', (due) => notBegun(brokeOff, due), log)
  // The end of a build may be told before the index knows that it was started.
  if (report === undefined && brokeOff === undefined && claim.buildId === undefined) {
    const fault = await readFault(ports.staging, stagingKeys(claim.id).fault)
    return fail(ports, key, claim, 'plan-error', (due) => notPlanned(fault, due))
  }
  const reason = failureOf(report, log)
  return fail(ports, key, claim, reason, (due) => whatHappened(reason, log, due, brokeOff), log)
}

const notBegun = ({ why }: BrokeOff, due: string): string =>
  `no build of it could begin. The builder said: ${why || 'nothing'}. The operator has to mend that; the next request after ${due} tries it again`

const notPlanned = (fault: string | undefined, due: string): string =>
  fault === undefined
    ? `the registry did not get to it within ${PLAN_MILLISECONDS / 1000} s: it is busy, or an archive that it reads is slow. Ask again after ${due}; the log of the function plan has more for the operator`
    : `the registry failed before it could be built: ${fault}. Ask again after ${due}; the log of the function plan has more for the operator`

function whatHappened(
  reason: FailureReason,
  log: Uint8Array | undefined,
  due: string,
  brokeOff: BrokeOff | undefined,
): string {
  switch (reason) {
    case 'build-lost': {
      const said = brokeOff === undefined || brokeOff.why === '' ? '' : ` The builder said: ${brokeOff.why}.`
      return `its build was cut off before it could report.${said} The next request after ${due} builds it again`
    }
    case 'compile-error':
      return `the driver does not compile on this kernel; use a driver version that supports it. The compiler said:\n${tellingLines(log)}`
    case 'build-broken':
      return `the registry's own tools failed, which says nothing about the driver. There is nothing to do: the next request after ${due} builds it again, and the operator is alarmed. The build said last:\n${lastLines(log)}`
    default:
      return `its build did not end in time; the next request after ${due} builds it again. It said last:\n${lastLines(log)}`
  }
}

/** `what`: for a person, who may be told when it is due again; `log`: kept beside the probe. */
export async function fail(
  ports: FailPorts,
  key: string,
  { id: claim, attempt }: Claim,
  reason: FailureReason,
  what: string | ((due: string) => string),
  log?: Uint8Array,
): Promise<FailOutcome> {
  const { file, driverVersion } = subjectOfName(nameOf(key))
  const logKey = log === undefined ? undefined : `${key}/failed/${claim}.log`
  // The log first: a crash after it leaves a log that nobody is sent to, and the next try keeps it.
  if (log !== undefined && logKey !== undefined) {
    await ports.artifacts.create(logKey, log, {
      contentType: 'text/plain; charset=utf-8',
      sha256: sha256(log),
    })
  }
  const now = ports.now()
  const due = retryAt(reason, attempt, now)
  const told = typeof what === 'string' ? what : what(new Date(due).toISOString())
  const held = await ports.index.fail(key, claim, {
    reason,
    detail: `${file} of driver ${driverVersion}: ${told}`,
    retryAt: due,
    // What never got beyond its plan is not kept.
    ...(reason === 'plan-error' ? { expiresAt: forgottenAt(reason, due, now) } : {}),
    ...(logKey === undefined ? {} : { logKey }),
  })
  ports.log('build failed', { key, claim, reason })
  return held ? 'failed' : 'claim-lost'
}
