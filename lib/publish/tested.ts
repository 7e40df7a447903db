// Requests load tests of a built probe, and settles the probe when they end.

import { loadTestOf, tellVerdict } from '../build/verdict.ts'
import { type Stored, sha256 } from '../model/digest.ts'
import type { Testing } from '../model/ports.ts'
import type { ProbeState } from '../model/probe.ts'
import { PLAN_MILLISECONDS } from '../model/retry.ts'
import { type BuildEnd, endOf, type PublishOutcome } from './end.ts'
import { type Claimed, fail } from './fail.ts'
import type { PublishPorts } from './ports.ts'
import { publishVerified } from './release.ts'
import { readLoadTest, readStaged, type Tested, verifyStaged } from './staged.ts'

/** A load test of one probe. `id`: the claim's. */
interface Requested {
  readonly key: string
  readonly id: string
  readonly testing: Required<Testing>
}

/** Maximum number of load tests of one probe. If all of them are interrupted, no more follow. */
const MAX_TESTS = 3

/** `deadline`: a test that has not begun by then is lost. */
export const testOf = ({ now }: PublishPorts, test: number, probe: Stored): Required<Testing> => ({
  ...{ test, deadline: now() + PLAN_MILLISECONDS, probe },
})

export const measured = (probe: Uint8Array): Stored => ({ sha256: sha256(probe), bytes: probe.length })

/** Only one of several calls requests the test. A crash before the event leaves a test that never began. */
export async function requestTest(ports: PublishPorts, requested: Requested): Promise<PublishOutcome> {
  const { key, id, testing } = requested
  if (await ports.index.testing(key, id, testing)) await emitTest(ports, requested)
  return 'testing'
}

export const emitTest = ({ bus }: PublishPorts, { key, id: claim, testing: { test, probe } }: Requested) =>
  bus.emit({ type: 'LoadTestRequested', key, claim, test, ...probe })

/** A probe during its load test: in mode `required` before it is published, in mode `recorded` afterwards. */
type InTest = Extract<ProbeState, { state: 'building' | 'published' }> & { readonly test: number }

/** Handles the end or the deadline of a load test. A known verdict settles the probe; an interrupted test runs again. */
export async function testEnded(ports: PublishPorts, end: BuildEnd, state: InTest): Promise<PublishOutcome> {
  const { key } = end
  const { id, test, spared = 0 } = state
  // This event is the end of an earlier test, late or repeated.
  if (end.test !== undefined && end.test !== test) return 'testing'
  const ended = await endOf(ports.builder, end, state)
  const probe = await testedProbe(ports, state)
  const tested = await readLoadTest(ports, { claim: id, test }, probe.sha256)
  // A test that no builder took does not count. A crash after the write counts one test too few.
  const unbegun = ended.brokeOff?.neverBegan === true && (await ports.index.spare(key, id, { test }))
  if (!tested.known && test < MAX_TESTS + spared + (unbegun ? 1 : 0))
    return requestTest(ports, { key, id, testing: testOf(ports, test + 1, probe) })
  return state.state === 'published'
    ? addVerdict(ports, key, state, tested)
    : settleTested(ports, { key, claim: state }, tested)
}

async function testedProbe(ports: PublishPorts, state: InTest): Promise<Stored> {
  if (state.state === 'published') return { sha256: state.sha256, bytes: state.bytes }
  const { probe = new Uint8Array() } = await readStaged(ports, state.id)
  return measured(probe)
}

/** Mode `required`: never publishes a probe that its kernel refused to load, or that could not be tested. */
async function settleTested(
  ports: PublishPorts,
  claimed: Claimed,
  { known, verdict, log }: Tested,
): Promise<PublishOutcome> {
  if (verdict.verdict === 'failed') {
    const detail = `its own kernel does not load it.\n${tellVerdict(verdict)}`
    return fail(ports, { ...claimed, reason: 'load-test', detail, log })
  }
  const left = await readStaged(ports, claimed.claim.id)
  if (!known) {
    const detail = (due: string) =>
      `it was built, and ${interrupted(verdict.reason)}. The operator must fix this; the next request after ${due} builds it again`
    return fail(ports, { ...claimed, reason: 'build-broken', detail, log: left.log })
  }
  const checked = verifyStaged(ports.settings, claimed.key, left)
  if (checked.tag === 'refused') return fail(ports, { ...claimed, ...checked, log: left.log })
  const { staged } = checked
  const held = await publishVerified(ports, { ...claimed, staged, loadTest: loadTestOf(verdict) })
  return held ? 'published' : 'claim-lost'
}

const interrupted = (why: string): string => `the load test broke off ${MAX_TESTS} times: ${why}`

/** Mode `recorded`: adds the verdict once, so the first one stays. */
async function addVerdict(
  ports: PublishPorts,
  key: string,
  { id }: InTest,
  { known, verdict }: Tested,
): Promise<PublishOutcome> {
  const loadTest = loadTestOf(verdict)
  const reason = known ? loadTest.reason : interrupted(verdict.reason)
  if (await ports.index.verdict(key, id, { ...loadTest, reason }))
    ports.log('load test', { key, claim: id, verdict: loadTest.verdict, reason })
  return 'tested'
}
