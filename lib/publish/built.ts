// Handles the end of a build: verifies the probe, then publishes it or requests its load test; or fails the claim.

import { lastLines } from '../build/failure.ts'
import { loadTestOf, NO_IMAGE } from '../build/verdict.ts'
import { unreachable } from '../model/errors.ts'
import type { BrokeOff } from '../model/ports.ts'
import { nameOf } from '../names/grammar.ts'
import { subjectOfName } from '../names/subject.ts'
import { giveBack, giveBackBuild } from '../serve/spending.ts'
import type { Ended, PublishOutcome } from './end.ts'
import { type Claimed, fail, failBuild } from './fail.ts'
import type { PublishPorts } from './ports.ts'
import { publishVerified } from './release.ts'
import { readStaged, verifyStaged } from './staged.ts'
import { emitTest, measured, requestTest, testOf } from './tested.ts'

export async function buildEnded(
  ports: PublishPorts,
  claimed: Claimed,
  { status, brokeOff }: Ended,
): Promise<PublishOutcome> {
  if (brokeOff?.neverBegan === true) return forget(ports, claimed, brokeOff)
  switch (status) {
    case 'succeeded':
      return publishStaged(ports, claimed)
    case 'failed':
    case 'unknown':
      return failBuild(ports, claimed, brokeOff)
    case 'timed-out':
      return failTimedOut(ports, claimed)
    default:
      return unreachable(status)
  }
}

/**
 * No builder took the build, which is not a failure of the probe. So this refunds the caller, and makes the failure due at once:
 * a waiting client requests the build again, and comes first. Without one, nothing remains of it. A crash before the index is
 * written repeats this.
 */
async function forget(ports: PublishPorts, { key, claim }: Claimed, { why }: BrokeOff) {
  const { id, caller } = claim
  if (caller !== undefined) {
    const payer = { caller, claim: id }
    for (const purpose of ['unknown', 'requests'] as const) await giveBack(ports, purpose, payer)
    await giveBackBuild(ports, payer)
  }
  const now = ports.now()
  const { file, driverVersion } = subjectOfName(nameOf(key))
  const detail = `${file} of driver ${driverVersion}: no builder took it in time. The builder reported: ${why || 'nothing'}. The next request asks for it again`
  const held = await ports.index.fail(key, id, { reason: 'no-room', detail, retryAt: now, expiresAt: now })
  ports.log('build forgotten', { key, claim: id })
  return held ? 'failed' : 'claim-lost'
}

async function failTimedOut(ports: PublishPorts, claimed: Claimed): Promise<PublishOutcome> {
  const { log } = await readStaged(ports, claimed.claim.id)
  const { timeoutMinutes } = ports.settings.build
  const detail = (due: string): string =>
    `its build did not end within ${timeoutMinutes} minutes and was stopped; the next request after ${due} builds it again. Its last lines:\n${lastLines(log)}`
  return fail(ports, { ...claimed, reason: 'build-timeout', detail, log })
}

/**
 * In mode `required`, the load test comes first, and its end publishes the probe. A crash after the request leaves the claim in
 * a test that never began; the sweep requests the next test.
 */
async function publishStaged(ports: PublishPorts, claimed: Claimed): Promise<PublishOutcome> {
  const { key, claim } = claimed
  const left = await readStaged(ports, claim.id)
  const checked = verifyStaged(ports.settings, key, left)
  if (checked.tag === 'refused') return fail(ports, { ...claimed, ...checked, log: left.log })
  const { staged } = checked
  const { mode } = ports.settings.loadTest
  const isTested = mode !== 'off' && staged.plan.loadTest !== undefined
  const testing = isTested ? testOf(ports, 1, measured(staged.probe)) : undefined
  if (mode === 'required' && testing !== undefined) return requestTest(ports, { key, id: claim.id, testing })
  const loadTest = mode === 'off' || isTested ? undefined : loadTestOf(NO_IMAGE)
  const held = await publishVerified(ports, { ...claimed, staged, loadTest, testing })
  // Comes after the probe, which must not wait for it. A crash before the event leaves a test that never began.
  if (held && testing !== undefined) await emitTest(ports, { key, id: claim.id, testing })
  return held ? 'published' : 'claim-lost'
}
