// Answers a request for a probe: redirects to a published one; claims the build of a missing one, and lets the client wait.

import { isProbeError, ProbeError, unreachable } from '../model/errors.ts'
import { recordId } from '../model/kernel.ts'
import type { Index, Kernels, Presigner } from '../model/ports.ts'
import type { Claim, Probe } from '../model/probe.ts'
import { isOverdue } from '../model/retry.ts'
import { checkSubmitted } from '../model/support.ts'
import { orSubmit } from '../model/way-out.ts'
import type { Companion } from '../names/file.ts'
import { type ConfigHashName, format, type Name, parse } from '../names/grammar.ts'
import type { Subject } from '../names/subject.ts'
import { type Answer, methodOf, problem, type ReadMethod, type Request, redirect } from './answer.ts'
import { checkDriverVersion, type DriverPorts } from './driver-versions.ts'
import { type Found, follow } from './follow.ts'
import type { Join } from './join.ts'
import type { PlaceOf } from './queue-place.ts'
import { type RequestBuildPorts, requestBuild } from './request-build.ts'
import { companionAnswer, type Hit, hitAnswer, isDue, refuseWithdrawn, stateProblem } from './states.ts'
import { waitPath } from './wait.ts'

export interface LocatePorts extends RequestBuildPorts, DriverPorts {
  readonly index: Index
  readonly join: Join<Answer>
  readonly kernels: Pick<Kernels, 'recorded'>
  /** Pure. @throws {ProbeError} The probe cannot be built. */
  readonly check: (asked: Probe | ConfigHashName) => void
}

export interface ResolvePorts extends LocatePorts {
  readonly artifacts: Presigner
  readonly staging: Presigner
  readonly placeOf: PlaceOf
}

export type Located =
  | ({ readonly tag: 'hit' } & Hit)
  /** `claim`: as read; absent: this request made the claim */
  | { readonly tag: 'being-built'; readonly subject: Subject; readonly key: string; readonly claim?: Claim }
  | { readonly tag: 'answer'; readonly answer: Answer }

/** A hit costs one read and no write. @throws {ProbeError} `malformed`, `method-not-allowed`, `revoked`, or those of `check`. */
export async function resolve(ports: ResolvePorts, request: Request): Promise<Answer> {
  const method = methodOf(request)
  const name = parse(request.path)
  if (name.companion !== undefined) return answerBeside(ports, name, name.companion, method)
  const located = await locate(ports, name, { method, caller: request.caller })
  switch (located.tag) {
    case 'hit':
      return withCanonical(await hitAnswer(ports.artifacts, located, method), located.probe, request)
    case 'being-built':
      return redirect(waitPath(located.subject, ports.now() + ports.settings.hold.totalSeconds * 1000))
    case 'answer':
      return located.answer
    default:
      return unreachable(located)
  }
}

/** Adds the canonical name if the request used another one (RFC 8288, relation `canonical` of RFC 6596). */
function withCanonical(answer: Answer, probe: Probe, { path }: Request): Answer {
  const canonical = format(probe)
  return canonical === path.replaceAll(/%2b/gi, '+') ? answer : { ...answer, canonical }
}

/** Answers a sidecar, which never starts a build. @throws {ProbeError} those of `resolve`. */
export const answerBeside = async (
  ports: ResolvePorts,
  name: Name,
  companion: Companion,
  method: ReadMethod,
): Promise<Answer> => companionAnswer(ports, { ...(await find(ports, name)), companion, method })

/** Finds a probe. For a GET of a missing one, claims it and requests its plan. @throws {ProbeError} those of `resolve`. */
export async function locate(
  ports: LocatePorts,
  name: Name,
  { method, caller }: { readonly method: ReadMethod; readonly caller: string },
): Promise<Located> {
  const found = await find(ports, name)
  const { asked, state, subject } = found
  if (state?.state === 'published') {
    refuseWithdrawn(subject, state)
    if (!('tag' in asked)) return { tag: 'hit', probe: asked, publication: state }
    throw new ProbeError(
      'misconfigured',
      `something is published under ${subject.path()}, which names no probe`,
    )
  }
  if (method === 'HEAD') return { tag: 'answer', answer: problem(stateProblem(subject, state, ports.now())) }
  return missing(ports, found, caller)
}

async function find(ports: LocatePorts, name: Name): Promise<Found> {
  const { driverVersion } = name.tag === 'probe' ? name.probe : name
  if (ports.settings.revoked.includes(driverVersion))
    throw new ProbeError('revoked', `driver version ${driverVersion} was revoked: use a newer one`)
  const found = await follow(ports.index, name)
  const { asked, state } = found
  if (state?.state !== 'published') await checkMissing(ports, asked)
  // Comes after the pure checks, so that an impossible name costs no read of the driver versions.
  if (state === undefined) await checkDriverVersion(ports, asked.driverVersion)
  return found
}

/** Costs one read for a submitted kernel, and none for a distribution's. */
async function checkMissing(
  { check, kernels, settings }: LocatePorts,
  asked: Probe | ConfigHashName,
): Promise<void> {
  const id = recordId(asked)
  if (id === undefined) return check(asked)
  try {
    check(asked)
    if ('tag' in asked) return
  } catch (error) {
    if (!isProbeError(error, 'unsupported-kernel')) throw error
  }
  const record = await kernels.recorded(id)
  if (record !== undefined) return checkSubmitted(settings, asked, record.kernel)
  throw new ProbeError('unknown-config', orSubmit('nobody has submitted this kernel yet'))
}

async function missing(ports: LocatePorts, { key, state, subject }: Found, caller: string): Promise<Located> {
  const now = ports.now()
  if (state?.state === 'building' && !isOverdue(state.deadline, now))
    return { tag: 'being-built', subject, key, claim: state }
  if (state?.state === 'failed' && !isDue(state, now))
    return { tag: 'answer', answer: problem(stateProblem(subject, state, now)) }
  const refusal = await ports.join(key, () => requestBuild(ports, key, subject, caller))
  return refusal === undefined ? { tag: 'being-built', subject, key } : { tag: 'answer', answer: refusal }
}
