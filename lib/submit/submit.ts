// A host submits its kernel's config and facts: they are judged, put on record once, and the probes are built.

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

export interface SubmitPorts extends LocatePorts {
  readonly elapsed: DriverVersionsPorts['elapsed']
  readonly sleep: DriverVersionsPorts['sleep']
  readonly holds: Holds
  readonly kernels: Kernels
  readonly inputs: Pick<Store, 'size' | 'create'>
}

/** A probe that was asked for on the host's kernel. */
export interface RequestedProbe {
  readonly key: string
  /** `undefined`: it is not even being built, and `whyNot` says why */
  readonly state: OwnState | undefined
  readonly whyNot?: WhyNot
}

/**
 * `cannot-load`: it could never load there; `known-to-fail`, `unsupported-kernel`: nor compile. Any other code: the request
 * for it was refused.
 */
export interface WhyNot {
  readonly reason: Problem['code']
  readonly detail: string
}

/** What became of a submission; lib/api/submission.ts writes it out. */
export interface Submitted {
  readonly read: ReadSubmission
  readonly record: RecordedKernel
  readonly probes: readonly RequestedProbe[]
}

/**
 * The same submission twice is one record and one build. What is cheap to see is looked at before the door.
 * @throws {ProbeError} as for `readSubmission`, `budget-spent` and `too-many-waits`; then nothing is stored.
 */
export async function submit(ports: SubmitPorts, submission: Submission, caller: string): Promise<Submitted> {
  const asked = { ...submission, driverVersions: await versionsOf(ports, submission, caller) }
  wantedOf(ports.settings, asked)
  const { read, record } = await admitted(ports, submission, caller, async (known) => {
    const read = await readSubmission(ports.settings, asked, { known, now: ports.now })
    return { read, record: await recordOnce(ports, read, caller) }
  })
  const probes = await Promise.all(read.wanted.map((wanted) => requested(ports, record, wanted, caller)))
  return { read, record, probes }
}

/** Those that were asked for, else those of the settings, else the newest that is known and that the kernel can take. */
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
  // Where none is built as what was asked for, the newest says so.
  return [newestDriver(ports.settings, packaged, kernel) ?? packaged[0]].filter((one) => one !== undefined)
}

async function recordOnce(ports: SubmitPorts, read: ReadSubmission, caller: string): Promise<RecordedKernel> {
  const { kernel, files } = read
  const all = digestOf(kernel)
  for (const config of configsOf(kernel)) {
    const found = await recorded(ports, read, config, caller)
    if (digestOf(found.kernel) !== all) continue
    // A file may be older than the record, of another kernel's submission, and gone before it.
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
  // The files first, the record last: a crash between leaves objects that nobody refers to, and the next try finds them.
  await Promise.all(files.map((file) => keepSubmitted(ports.inputs, file)))
  if (isOfItsConfig(kernel)) await ports.kernels.record(idByMd5(kernel), record)
  return ports.kernels.record(id, record)
}

/** Records are as bounded per caller as missing probes are. */
async function pay(ports: SubmitPorts, record: RecordedKernel, caller: string) {
  if (await spend(ports, 'submissions', { caller, claim: digestOf(record.kernel) })) return
  const limit = ports.settings.budgets.requestsPerCallerPerDay
  throw new ProbeError(
    'budget-spent',
    `${caller} has submitted ${limit} kernels today, or its network many more; those that are known are still answered. Try again tomorrow`,
  )
}

/** What could never load, or does not compile, is not built; all else is asked for as by a client. */
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
  if (refusal !== undefined) return { key, state, whyNot: refusal }
  return located?.tag === 'answer' ? { key, state, ...whyNot(located.answer) } : { key, state }
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

/** A probe that was asked for and is not even being built: the caller's budget is spent. */
const whyNot = (answer: Answer): Pick<RequestedProbe, 'whyNot'> =>
  answer.tag === 'problem' ? { whyNot: { reason: answer.problem.code, detail: answer.problem.detail } } : {}
