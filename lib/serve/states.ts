// Answers requests for a probe and its sidecars, for each state of the probe.

import { ProbeError, unreachable } from '../model/errors.ts'
import { stagingKeys } from '../model/keys.ts'
import type { Clock, Presigner } from '../model/ports.ts'
import type { Failure, FailureReason, Probe, Publication } from '../model/probe.ts'
import { FURTHEST_RETRY, hasCome } from '../model/retry.ts'
import { type Companion, fileOf } from '../names/file.ts'
import type { Subject } from '../names/subject.ts'
import { type Answer, NO_ROOM, type Problem, problem, type ReadMethod, redirect } from './answer.ts'
import type { Found, OwnState, Unpublished } from './follow.ts'
import type { PlaceOf, QueuePlace } from './queue-place.ts'

/** Long enough for a slow client to start its download, and too short to use a URL from a stolen log. */
const PRESIGN = { expiresSeconds: 300 }

export interface Hit {
  readonly probe: Probe
  readonly publication: Publication
}

export const isDue = (failure: Failure, now: number): boolean => hasCome(failure.retryAt, now, FURTHEST_RETRY)

/** Redirects to the bytes. */
export const hitAnswer = (artifacts: Presigner, { probe, publication }: Hit, method: ReadMethod) =>
  download(artifacts, publication.objectKey, method, { fileName: fileOf(probe) })

/** HEAD needs a signature of its own. */
const download = async (
  presigner: Presigner,
  key: string,
  method: ReadMethod,
  as: { readonly fileName: string; readonly contentType?: string },
): Promise<Answer> =>
  redirect(
    await (method === 'HEAD' ? presigner.head(key, PRESIGN) : presigner.get(key, { ...PRESIGN, ...as })),
  )

export function stateProblem(subject: Subject, state: Unpublished | undefined, now: number): Problem {
  switch (state?.state) {
    case undefined:
      return notBuilt(subject)
    case 'building':
      return beingBuilt(subject)
    case 'failed':
      return failed(subject, state, now)
    default:
      return unreachable(state)
  }
}

const notBuilt = ({ file, driverVersion, path }: Subject): Problem => ({
  status: 404,
  code: 'not-built',
  title: 'This probe is not built yet',
  detail: `${file} of driver ${driverVersion} is missing; GET ${path()} builds it`,
})

/** @throws {ProbeError} `withdrawn`. */
export function refuseWithdrawn({ file, driverVersion }: Subject, { withdrawn }: Publication): void {
  if (withdrawn === undefined) return
  throw new ProbeError(
    'withdrawn',
    `${file} of driver ${driverVersion} was withdrawn by whoever runs this registry: ${withdrawn.reason}. Do not load it where you have it; use another engine or driver version`,
  )
}

/** `place`: the probe's place in the queue. */
export const beingBuilt = ({ file, driverVersion, path }: Subject, place?: QueuePlace): Problem => ({
  status: 503,
  code: 'being-built',
  title: place === undefined ? 'This probe is being built' : 'This probe waits for its turn',
  detail: `${file} of driver ${driverVersion} ${place === undefined ? `is being built; ask again, or follow ${path('log')}` : placeText(place)}`,
  // Short enough that a client which obeys it keeps its place ahead of builds without waiting clients.
  retryAfter: 5,
  more: { log: path('log'), ...place },
})

const placeText = ({ position, of, expectedSeconds }: QueuePlace): string =>
  `waits for a builder: it is number ${position} of ${of}${expectedSeconds === undefined ? '' : `, and is built in about ${expectedSeconds} s`}; ask again`

function failed({ path }: Subject, failure: Failure, now: number): Problem {
  const seconds = Math.max(1, Math.ceil((failure.retryAt - now) / 1000))
  return {
    ...(HEADS[failure.reason] ?? { status: 404, title: 'This probe could not be built' }),
    code: failure.reason,
    detail: failure.detail,
    retryAfter: failure.reason === 'mirror-unreachable' ? Math.min(seconds, MOST_SECONDS) : seconds,
    more: { retryAt: time(failure.retryAt), ...(failure.logKey === undefined ? {} : { log: path('log') }) },
  }
}

/** curl's `--retry-max-time` in loaders since 0.34. They give up at once if Retry-After is longer. */
const MOST_SECONDS = 120

/** Clients show only the status number, so an unreachable mirror must not look like a missing probe. */
const HEADS: Readonly<Partial<Record<FailureReason, Pick<Problem, 'status' | 'title'>>>> = {
  'budget-spent': { status: 429, title: 'The budget of builds is spent' },
  'no-room': { status: 503, title: NO_ROOM },
  'mirror-unreachable': { status: 503, title: 'What this probe is built from could not be read' },
}

interface CompanionPorts {
  readonly artifacts: Presigner
  readonly staging: Presigner
  readonly now: Clock
  readonly placeOf: PlaceOf
}

interface Beside extends Found {
  readonly companion: Companion
  readonly method: ReadMethod
}

/** Answers a request for a sidecar (`.asc`, `.sha256`, `.json`, `.log`). It never starts a build. */
export async function companionAnswer(ports: CompanionPorts, asked: Beside): Promise<Answer> {
  const { subject, companion, state } = asked
  switch (companion) {
    case 'json': {
      if (state === undefined) return problem(notBuilt(subject))
      const place = state.state === 'building' ? await ports.placeOf(asked.key) : undefined
      return { tag: 'json', body: statusOf(asked, state, place) }
    }
    case 'log':
      return logAnswer(ports, asked)
    case 'asc':
    case 'sha256':
      if (state?.state !== 'published') return problem(stateProblem(subject, state, ports.now()))
      refuseWithdrawn(subject, state)
      return companionRedirect(ports.artifacts, asked, `${state.objectKey}.${companion}`)
    default:
      return unreachable(companion)
  }
}

async function logAnswer(ports: CompanionPorts, asked: Beside): Promise<Answer> {
  const { subject, state } = asked
  switch (state?.state) {
    case 'building':
      return companionRedirect(ports.staging, asked, stagingKeys(state.id).log)
    case 'failed':
    case undefined:
      if (state?.logKey === undefined) return problem(stateProblem(subject, state, ports.now()))
      return companionRedirect(ports.artifacts, asked, state.logKey)
    case 'published':
      return companionRedirect(ports.artifacts, asked, `${state.objectKey}.log`)
    default:
      return unreachable(state)
  }
}

function companionRedirect(presigner: Presigner, { subject, companion, method }: Beside, key: string) {
  const as = { fileName: `${subject.file}.${companion}`, contentType: 'text/plain; charset=utf-8' }
  return download(presigner, key, method, as)
}

/** Formats the status document. */
function statusOf({ subject: { path }, asked }: Beside, state: OwnState, queue?: QueuePlace): unknown {
  const probe = 'tag' in asked ? undefined : asked
  const head = { state: state.state, url: path(), probe, attempt: state.attempt }
  const links = { log: path('log') }
  switch (state.state) {
    case 'building':
      return { ...head, since: time(state.claimedAt), deadline: time(state.deadline), queue, links }
    case 'failed':
      return {
        ...head,
        reason: state.reason,
        detail: state.detail,
        retryAt: time(state.retryAt),
        links: state.logKey === undefined ? {} : links,
      }
    case 'published':
      return {
        ...head,
        sha256: state.sha256,
        bytes: state.bytes,
        publishedAt: time(state.publishedAt),
        manifest: state.provenance,
        loadTest: state.loadTest,
        withdrawn: state.withdrawn && { ...state.withdrawn, at: time(state.withdrawn.at) },
        links: { ...links, signature: path('asc'), sha256: path('sha256') },
      }
    default:
      return unreachable(state)
  }
}

const time = (milliseconds: number): string => new Date(milliseconds).toISOString()
