// Handles a host's submission: checks its config and facts, records the kernel once, and requests its probes.

import { keepAgain, keepSubmitted } from '../inputs/submitted.ts'
import { isProbeError, ProbeError } from '../model/errors.ts'
import {
  configsOf,
  digestOf,
  idByMd5,
  idByName,
  isOfItsConfig,
  probeOfRecord,
  type RecordedKernel,
  type SubmittedKernel,
} from '../model/kernel.ts'
import { newestDriver } from '../model/newest-driver.ts'
import type { Holds, Kernels, Store } from '../model/ports.ts'
import { checkSubmitted } from '../model/support.ts'
import { format, parse } from '../names/grammar.ts'
import type { Answer, Problem } from '../serve/answer.ts'
import { checkDriverVersion, type DriverVersionsPorts, driverVersions } from '../serve/driver-versions.ts'
import { follow, type OwnState } from '../serve/follow.ts'
import { type LocatePorts, locate } from '../serve/resolve.ts'
import { spend } from '../serve/spending.ts'
import { admitted } from './door.ts'
import { type ReadSubmission, readSubmission, type Wanted, wantedOf } from './read.ts'
import type { Submission } from './submission.ts'

export interface SubmitPorts extends LocatePorts, Pick<DriverVersionsPorts, 'elapsed' | 'sleep'> {
  readonly holds: Holds
  readonly kernels: Kernels
  readonly inputs: Pick<Store, 'size' | 'create'>
}

export interface RequestedProbe {
  readonly key: string
  /** `undefined`: nothing was started; `whyNot` has the reason */
  readonly state: OwnState | undefined
  readonly whyNot?: WhyNot | undefined
}

/**
 * `cannot-load`: the probe cannot load on that kernel. `known-to-fail`, `unsupported-kernel`: it cannot compile. Others: the
 * request was refused.
 */
export interface WhyNot {
  readonly reason: Problem['code']
  readonly detail: string
}

/** The result of a submission. lib/api/submission.ts formats it as an answer. */
export interface Submitted {
  readonly read: ReadSubmission
  readonly record: RecordedKernel
  readonly probes: readonly RequestedProbe[]
}

/**
 * Idempotent: two equal submissions make one record and one build.
 * @throws {ProbeError} those of `readSubmission`, `budget-spent` and `too-many-waits`; then nothing is stored.
 */
export async function submit(ports: SubmitPorts, submission: Submission, caller: string): Promise<Submitted> {
  const asked = { ...submission, driverVersions: await versionsOf(ports, submission, caller) }
  // Checked before the caller pays, because this is cheap.
  wantedOf(ports.settings, asked)
  const { read, record } = await admitted(ports, submission, caller, async (known) => {
    const read = await readSubmission(ports.settings, asked, { known, now: ports.now })
    return { read, record: await recordOnce(ports, read, caller) }
  })
  const probes = await Promise.all(read.wanted.map((wanted) => requested(ports, record, wanted, caller)))
  return { read, record, probes }
}

/** The requested versions, else those in the settings, else the newest known one that supports the kernel. */
async function versionsOf(
  ports: SubmitPorts,
  submission: Submission,
  caller: string,
): Promise<readonly string[]> {
  const { driverVersions: asked, facts } = submission
  for (const version of asked) await checkDriverVersion(ports, version)
  if (asked.length > 0) return asked
  const { submitted } = ports.settings
  if (submitted.length > 0) return submitted
  const packaged = await driverVersions(ports, { room: 'submit', caller })
  const kernel = { ...submission, unameRelease: facts.unameRelease, arch: facts.machine }
  // If no version supports the requested kind or name, the error names the newest one.
  return [newestDriver(ports.settings, packaged, kernel) ?? packaged[0]].filter((one) => one !== undefined)
}

async function recordOnce(ports: SubmitPorts, read: ReadSubmission, caller: string): Promise<RecordedKernel> {
  const { kernel, files } = read
  const all = digestOf(kernel)
  for (const config of configsOf(kernel)) {
    const found = await recorded(ports, read, config, caller)
    if (digestOf(found.kernel) !== all) continue
    // A file may come from an older submission, and would then expire before the record.
    await Promise.all(files.map((file) => keepAgain(ports.inputs, file)))
    return found
  }
  throw new ProbeError('misconfigured', `another kernel is on record under ${all}`)
}

async function recorded(
  ports: SubmitPorts,
  { kernel, files }: ReadSubmission,
  config: string,
  caller: string,
): Promise<RecordedKernel> {
  const record = { config, kernel }
  const id = idByName(config, kernel)
  const found = await ports.kernels.recorded(id)
  if (found !== undefined) return found
  await pay(ports, record, caller)
  // Stores the files first and the record last. After a crash, nothing refers to the files, and the next try finds them.
  await Promise.all(files.map((file) => keepSubmitted(ports.inputs, file)))
  if (isOfItsConfig(kernel)) await ports.kernels.record(idByMd5(kernel), record)
  return ports.kernels.record(id, record)
}

async function pay(ports: SubmitPorts, record: RecordedKernel, caller: string) {
  if (await spend(ports, 'submissions', { caller, claim: digestOf(record.kernel) })) return
  const limit = ports.settings.budgets.requestsPerCallerPerDay
  throw new ProbeError(
    'budget-spent',
    `${caller} or its network has submitted as many kernels as it may today (${limit} for one caller); recorded ones are still answered. Try again tomorrow`,
  )
}

/** Requests a probe as a client's GET does, unless it cannot load or compile. */
async function requested(
  ports: SubmitPorts,
  record: RecordedKernel,
  wanted: Wanted,
  caller: string,
): Promise<RequestedProbe> {
  const refusal = refusalOf(ports.settings, record.kernel, wanted)
  const name = parse(format(probeOfRecord(record, wanted)))
  const located = refusal === undefined ? await locate(ports, name, { method: 'GET', caller }) : undefined
  const { key, state } = await follow(ports.index, name, { consistent: true })
  if (state !== undefined) return { key, state }
  return { key, state, whyNot: refusal ?? (located?.tag === 'answer' ? whyNot(located.answer) : undefined) }
}

function refusalOf(
  settings: SubmitPorts['settings'],
  kernel: SubmittedKernel,
  wanted: Wanted,
): WhyNot | undefined {
  const detail = kernel.refused[wanted.kind]
  if (detail !== undefined) return { reason: 'cannot-load', detail }
  try {
    checkSubmitted(settings, { ...wanted, arch: kernel.arch }, kernel)
    return undefined
  } catch (error) {
    if (!isProbeError(error)) throw error
    return { reason: error.code, detail: error.message }
  }
}

/** The reason why a request was refused, such as a spent budget. */
const whyNot = (answer: Answer): WhyNot | undefined =>
  answer.tag === 'problem' ? { reason: answer.problem.code, detail: answer.problem.detail } : undefined
