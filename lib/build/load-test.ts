// Starts the load test of a built probe: a virtual machine boots the probe's own kernel and loads the probe.

import { sha256 } from '../model/digest.ts'
import { isProbeError } from '../model/errors.ts'
import type { RegistryEvent } from '../model/events.ts'
import { imageKey, inputKey, loadTestKeys, stagingKeys } from '../model/keys.ts'
import type { Index, Open } from '../model/ports.ts'
import type { KernelImage, ProbeState } from '../model/probe.ts'
import { QUEUE_MILLISECONDS } from '../model/retry.ts'
import { probeOf } from '../names/grammar.ts'
import { type OrderPorts, rootInput } from './decide.ts'
import { isFirstFault } from './faults.ts'
import { formatJob, type LoadTestRole, probeSettings, type StoredInput } from './job.ts'
import { type BuildOrderRecord, decodeOrder, type LoadTestRecord, MAX_ORDER, testOrder } from './order.ts'
import type { RootRecord } from './roots/records.ts'
import { orderOnce, stage } from './staging.ts'
import type { StartBuildPorts } from './start.ts'
import { giveTurns, hasTurn, type TurnPorts } from './turn.ts'

export interface LoadTestPorts
  extends OrderPorts,
    TurnPorts,
    Pick<StartBuildPorts, 'staging' | 'ensureInput' | 'stepsRoot' | 'cache'> {
  readonly index: TurnPorts['index'] & Pick<Index, 'get' | 'testing' | 'queued'>
  readonly builder: StartBuildPorts['builder']
  readonly places: StartBuildPorts['places']
}

export type LoadTestRequest = Omit<Extract<RegistryEvent, { type: 'LoadTestRequested' }>, 'type'>

/** Minutes for the start of a machine, the test, and a test that ends late. */
const LOAD_TEST_MINUTES = 12

/**
 * Safe to repeat, because staging keys and the builder's token belong to the test. Records an error, which the probe's own URL
 * then reports.
 * False: there is nothing to test, its turn has not come, another test was requested, or the claim is lost.
 */
export async function planLoadTest(ports: LoadTestPorts, request: LoadTestRequest): Promise<boolean> {
  try {
    return await startLoadTest(ports, request)
  } catch (error) {
    await isFirstFault(ports.staging, loadTestKeys(request.claim, request.test).fault, error)
    throw error
  }
}

async function startLoadTest(ports: LoadTestPorts, request: LoadTestRequest): Promise<boolean> {
  const { key, claim, test } = request
  const state = await ports.index.get(key, { consistent: true })
  if (!isAskedFor(state, request)) return leavePlace(ports, request)
  const order = await ports.staging.get(stagingKeys(claim).plan, MAX_ORDER)
  const loadTest = order === undefined ? undefined : decodeOrder(order).plan.loadTest
  if (loadTest === undefined) return false
  if (!(await hasTurn(ports, { key, state }, 'load test queued', { key, claim, test }))) return false
  const keys = loadTestKeys(claim, test)
  const written = new TextEncoder().encode(JSON.stringify(await orderOf(ports, request, loadTest)))
  const ordered = new TextDecoder().decode(await orderOnce(ports.staging, keys.order, written))
  const { job, jobUrl, stepsRoot } = testOrder.parse(JSON.parse(ordered))
  await stage(ports.staging, keys.job, job)
  const buildId = await ports.builder.start({
    ...{ phase: 'load-test', key, probe: probeOf(key), claim, test },
    ...{ jobUrl, jobSha256: sha256(job), stepsRoot },
  })
  if (buildId === undefined) return busy(ports, request)
  // A crash here leaves a running test that the index does not know. The event of its end contains the claim.
  const deadline = ports.now() + LOAD_TEST_MINUTES * 60_000
  const held = await ports.index.testing(key, claim, { test, deadline, buildId })
  ports.log('load test started', { key, claim, test, buildId })
  return held
}

/** Releases the place that the test may have, and gives it to the next in the queue. */
async function leavePlace(ports: LoadTestPorts, { claim, test }: LoadTestRequest): Promise<false> {
  if (await ports.places.release({ claim, test })) await giveTurns(ports)
  return false
}

/** Queues the test again, because the builder accepts no more now. The sweep requests it again. */
async function busy(ports: LoadTestPorts, { key, claim, test }: LoadTestRequest): Promise<boolean> {
  const now = ports.now()
  await ports.index.queued(key, claim, now, now + QUEUE_MILLISECONDS)
  await ports.places.release({ claim, test })
  ports.log('builder busy', { key, claim, test })
  return false
}

function isAskedFor(state: ProbeState | undefined, { claim, test }: LoadTestRequest): state is Open['state'] {
  if (state?.state !== 'building' && state?.state !== 'published') return false
  const isOpen = state.state === 'building' || state.loadTest === undefined
  return isOpen && state.id === claim && state.test === test
}

async function orderOf(
  ports: LoadTestPorts,
  request: LoadTestRequest,
  loadTest: LoadTestRecord,
): Promise<Omit<BuildOrderRecord, 'plan'>> {
  const keys = loadTestKeys(request.claim, request.test)
  const steps = await ports.stepsRoot(probeOf(request.key).arch, 'load-test')
  const job = await jobOf(ports, request, loadTest, steps)
  const jobUrl = await ports.stagingUrls.get(keys.job, { expiresSeconds: LOAD_TEST_MINUTES * 60 })
  return { job, jobUrl, stepsRoot: steps.digest }
}

async function jobOf(
  ports: LoadTestPorts,
  { key, claim, test, sha256: digest, bytes }: LoadTestRequest,
  { image, unameRelease }: LoadTestRecord,
  steps: RootRecord,
): Promise<string> {
  const expires = { expiresSeconds: LOAD_TEST_MINUTES * 60 }
  const inputs = await imageInput(ports, image)
  const keys = loadTestKeys(claim, test)
  const probe = { role: 'probe', format: 'text', sha256: digest, bytes } as const
  return formatJob({
    settings: {
      ...probeSettings(probeOf(key), unameRelease),
      MAX_SECONDS: String(ports.settings.loadTest.maxSeconds),
    },
    inputs: [
      await rootInput(ports, 'steps', steps, expires),
      { ...probe, url: await ports.stagingUrls.get(stagingKeys(claim).probe, expires) },
      ...(await Promise.all(
        inputs.map(async (i) => ({ ...i, url: await ports.inputUrls.get(i.key, expires) })),
      )),
    ],
    outputs: {
      verdict: await ports.stagingUrls.put(keys.verdict, expires),
      log: await ports.stagingUrls.put(keys.log, expires),
      boot: await ports.stagingUrls.put(keys.boot, expires),
    },
  })
}

/**
 * The image that an earlier test stored, or else the image's package. A mirror may lack the package, although a signed list names
 * it. Then a test in mode `recorded` ends as `unavailable`. A test in mode `required` fails, because otherwise a mirror could
 * cause the publication of untested probes. Other errors are thrown, because they may be over at the next try.
 */
async function imageInput(ports: LoadTestPorts, image: KernelImage): Promise<StoredInput<LoadTestRole>[]> {
  const kept = imageKey(image.sha256)
  const boot = await ports.cache.find(kept)
  if (boot !== undefined) return [{ role: 'boot', format: 'text', ...boot, key: kept }]
  try {
    await ports.ensureInput(image)
    const { sha256: digest, bytes, format } = image
    const stored = { sha256: digest, bytes, key: inputKey(digest) }
    if (format === 'vmlinuz') return [{ role: 'boot', format: 'text', ...stored }]
    return [{ role: 'kernel', format, ...stored }]
  } catch (error) {
    if (!isProbeError(error, 'not-found') || ports.settings.loadTest.mode === 'required') throw error
    ports.log('no image', { image: image.name, why: error.message })
    return []
  }
}
