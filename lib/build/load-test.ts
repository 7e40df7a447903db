// A probe was built: its own kernel is asked to load it, in a virtual machine, where there is an image of that kernel.

import * as z from 'zod'
import { sha256 } from '../model/digest.ts'
import { isProbeError } from '../model/errors.ts'
import { imageKey, inputKey, loadTestKeys, stagingKeys } from '../model/keys.ts'
import type { BuildCache, Bus, Index, Open, Places } from '../model/ports.ts'
import type { KernelImage, ProbeState } from '../model/probe.ts'
import { QUEUE_MILLISECONDS } from '../model/retry.ts'
import { probeOf } from '../names/grammar.ts'
import { rootInput } from './decide.ts'
import { isFirstFault } from './faults.ts'
import { formatJob, type JobInput, type LoadTestRole } from './job.ts'
import { decodeOrder, type LoadTestRecord, MAX_ORDER } from './order.ts'
import type { RootRecord } from './roots/records.ts'
import { orderOnce, stage } from './staging.ts'
import type { StartBuildPorts } from './start.ts'
import { giveTurns } from './turn.ts'

export interface LoadTestPorts
  extends Pick<
    StartBuildPorts,
    | 'builder'
    | 'staging'
    | 'stagingUrls'
    | 'inputUrls'
    | 'now'
    | 'log'
    | 'settings'
    | 'ensureInput'
    | 'stepsRoot'
    | 'rootUrls'
  > {
  readonly index: Pick<Index, 'get' | 'testing' | 'queued' | 'open' | 'spare'>
  readonly places: Places
  readonly bus: Bus
  readonly cache: Pick<BuildCache, 'find'>
}

export interface LoadTestRequest {
  readonly key: string
  readonly claim: string
  /** of the probe that publish has verified */
  readonly sha256: string
  readonly bytes: number
  /** which test of it that is, from 1 */
  readonly test: number
}

/** Minutes that a load test may wait for a machine, run, and be late with its end. */
const LOAD_TEST_MINUTES = 12

/**
 * Runs again from the start when the event comes twice or a call failed: the staging keys belong to the test, and its
 * token is made of it. Why it failed is written down for whoever gives the probe up. False: there is nothing to test,
 * its turn has not come, another test was asked for, or the claim is lost.
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
  if (loadTest === undefined || !(await hasTurn(ports, request, state))) return false
  const keys = loadTestKeys(claim, test)
  const written = new TextEncoder().encode(JSON.stringify(await orderOf(ports, request, loadTest)))
  const { job, jobUrl, stepsRoot } = decodeTestOrder(await orderOnce(ports.staging, keys.order, written))
  await stage(ports.staging, keys.job, job)
  const buildId = await ports.builder.start({
    ...{ phase: 'load-test', test },
    key,
    probe: probeOf(key),
    claim,
    jobUrl,
    jobSha256: sha256(job),
    stepsRoot,
  })
  if (buildId === undefined) return busy(ports, request)
  // A crash here leaves a test that the index does not know: its end is told by an event with the claim.
  const deadline = ports.now() + LOAD_TEST_MINUTES * 60_000
  const held = await ports.index.testing(key, claim, { test, deadline, buildId })
  ports.log('load test started', { key, claim, test, buildId })
  return held
}

/** Where its turn had come, the place is the next one's. */
async function leavePlace(ports: LoadTestPorts, { claim, test }: LoadTestRequest): Promise<false> {
  if (await ports.places.release({ claim, test })) await giveTurns(ports)
  return false
}

/** As that of a build (start.ts). */
async function hasTurn(ports: LoadTestPorts, { key, claim, test }: LoadTestRequest, state: Open['state']) {
  if (await giveTurns(ports, { key, state })) return true
  const now = ports.now()
  await ports.index.queued(key, claim, now, now + QUEUE_MILLISECONDS)
  ports.log('load test queued', { key, claim, test })
  return giveTurns(ports, { key, state })
}

/** The builder takes no more: others have it. The sweep asks again. */
async function busy(ports: LoadTestPorts, { key, claim, test }: LoadTestRequest): Promise<boolean> {
  const now = ports.now()
  await ports.index.queued(key, claim, now, now + QUEUE_MILLISECONDS)
  await ports.places.release({ claim, test })
  ports.log('builder busy', { key, claim, test })
  return false
}

function isAskedFor(state: ProbeState | undefined, { claim, test }: LoadTestRequest): state is Open['state'] {
  switch (state?.state) {
    case 'building':
      return state.id === claim && state.test === test
    case 'published':
      return state.id === claim && state.test === test && state.loadTest === undefined
    default:
      return false
  }
}

const orderSchema = z.object({ job: z.string(), jobUrl: z.string(), stepsRoot: z.string() })

type TestOrder = z.infer<typeof orderSchema>

const decodeTestOrder = (body: Uint8Array): TestOrder =>
  orderSchema.parse(JSON.parse(new TextDecoder().decode(body)))

async function orderOf(
  ports: LoadTestPorts,
  request: LoadTestRequest,
  loadTest: LoadTestRecord,
): Promise<TestOrder> {
  const keys = loadTestKeys(request.claim, request.test)
  const steps = await ports.stepsRoot(probeOf(request.key).arch, 'load-test')
  const job = await jobOf(ports, request, loadTest, steps)
  const jobUrl = await ports.stagingUrls.get(keys.job, { expiresSeconds: LOAD_TEST_MINUTES * 60 })
  return { job, jobUrl, stepsRoot: steps.digest }
}

type Input = Omit<JobInput<LoadTestRole>, 'url'>
type ImageInput = Input & { readonly key: string }

async function jobOf(
  ports: LoadTestPorts,
  { key, claim, test, sha256: digest, bytes }: LoadTestRequest,
  { image, unameRelease }: LoadTestRecord,
  steps: RootRecord,
): Promise<string> {
  const { arch, kind, driverName, driverVersion } = probeOf(key)
  const expires = { expiresSeconds: LOAD_TEST_MINUTES * 60 }
  const inputs = await imageInput(ports, image)
  const keys = loadTestKeys(claim, test)
  const probe: Input = { role: 'probe', format: 'text', sha256: digest, bytes }
  return formatJob({
    settings: {
      KIND: kind,
      ARCH: arch,
      DRIVER_NAME: driverName,
      DRIVER_VERSION: driverVersion,
      UNAME_RELEASE: unameRelease,
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
 * The image that an earlier test kept, else its package. One that no mirror has, though a signed list named it, leaves a
 * recorded test without a verdict; a required one it breaks off, or a mirror could have what it likes published untested.
 * Whatever else keeps it away may be over at the next try.
 */
async function imageInput(ports: LoadTestPorts, image: KernelImage): Promise<ImageInput[]> {
  const kept = imageKey(image.sha256)
  const boot = await ports.cache.find(kept)
  if (boot !== undefined) return [{ role: 'boot', format: 'text', ...boot, key: kept }]
  try {
    await ports.ensureInput(image)
    const { sha256: digest, bytes, format } = image
    const stored = { sha256: digest, bytes, key: inputKey(digest) }
    return [
      format === 'vmlinuz'
        ? { role: 'boot', format: 'text', ...stored }
        : { role: 'kernel', format, ...stored },
    ]
  } catch (error) {
    if (!isProbeError(error, 'not-found') || ports.settings.loadTest.mode === 'required') throw error
    ports.log('no image', { image: image.name, why: error.message })
    return []
  }
}
