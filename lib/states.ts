// What each state of a probe answers, at its own URL and beside it.

import { type Answer, type Problem, problem, redirect } from './answer.ts'
import { stagingKeys } from './environment.ts'
import { unreachable } from './errors.ts'
import { type Companion, fileOf, format, type ProbeName } from './names/index.ts'
import type { Clock, Presigner } from './ports.ts'
import type { Failure, Probe, ProbeState, Publication } from './probe.ts'

/** Long enough for a slow client to begin its download, short enough to be of no use to a thief of logs. */
const PRESIGN = { expiresSeconds: 300 }

export const isDue = (failure: Failure, now: number): boolean => failure.retryAt <= now

/** To the bytes. HEAD has a signature of its own. */
export async function hitAnswer(
  artifacts: Presigner,
  probe: Probe,
  { objectKey }: Publication,
  method: 'GET' | 'HEAD',
): Promise<Answer> {
  if (method === 'HEAD') return redirect(await artifacts.head(objectKey, PRESIGN))
  return redirect(await artifacts.get(objectKey, { ...PRESIGN, fileName: fileOf(probe) }))
}

/** Why a probe's own URL does not lead to its bytes. */
export function stateProblem(
  probe: Probe,
  state: Exclude<ProbeState, { state: 'published' }> | undefined,
  now: number,
): Problem {
  switch (state?.state) {
    case undefined:
      return notBuilt(probe)
    case 'building':
      return beingBuilt(probe)
    case 'failed':
      return failed(probe, state, now)
    default:
      return unreachable(state)
  }
}

const notBuilt = (probe: Probe): Problem => ({
  status: 404,
  code: 'not-built',
  title: 'This probe is not built yet',
  detail: `${fileOf(probe)} of driver ${probe.driverVersion} is missing; GET ${format(probe)} builds it`,
})

export const beingBuilt = (probe: Probe): Problem => ({
  status: 503,
  code: 'being-built',
  title: 'This probe is being built',
  detail: `${fileOf(probe)} of driver ${probe.driverVersion} is being built; ask again, or follow ${format(probe, 'log')}`,
  retryAfter: 5,
  more: { log: format(probe, 'log') },
})

function failed(probe: Probe, failure: Failure, now: number): Problem {
  const retryAfter = Math.max(1, Math.ceil((failure.retryAt - now) / 1000))
  const retry = new Date(failure.retryAt).toISOString()
  return {
    status: failure.reason === 'budget-spent' ? 429 : 404,
    code: failure.reason,
    title:
      failure.reason === 'budget-spent' ? 'The budget of builds is spent' : 'This probe could not be built',
    detail: failure.detail,
    retryAfter,
    more: {
      retryAt: retry,
      ...(failure.logKey === undefined ? {} : { log: format(probe, 'log') }),
    },
  }
}

export interface CompanionPorts {
  readonly artifacts: Presigner
  readonly staging: Presigner
  readonly now: Clock
}

/** `.asc`, `.sha256`, `.json`, `.log`: they tell of a build, and never start one. */
export async function companionAnswer(
  ports: CompanionPorts,
  { probe, companion }: ProbeName,
  state: ProbeState | undefined,
): Promise<Answer> {
  switch (companion) {
    case 'json':
      return state === undefined ? problem(notBuilt(probe)) : { tag: 'json', body: story(probe, state) }
    case 'log':
      return logAnswer(ports, probe, state)
    case 'asc':
    case 'sha256':
      if (state?.state !== 'published') return problem(stateProblem(probe, state, ports.now()))
      return redirect(
        await companionUrl(ports.artifacts, probe, `${state.objectKey}.${companion}`, companion),
      )
    case undefined:
      throw new Error('not a companion')
    default:
      return unreachable(companion)
  }
}

async function logAnswer(
  ports: CompanionPorts,
  probe: Probe,
  state: ProbeState | undefined,
): Promise<Answer> {
  switch (state?.state) {
    case undefined:
      return problem(notBuilt(probe))
    case 'building':
      return redirect(await companionUrl(ports.staging, probe, stagingKeys(state.claim).log, 'log'))
    case 'failed':
      if (state.logKey === undefined) return problem(stateProblem(probe, state, ports.now()))
      return redirect(await companionUrl(ports.artifacts, probe, state.logKey, 'log'))
    case 'published':
      return redirect(await companionUrl(ports.artifacts, probe, `${state.objectKey}.log`, 'log'))
    default:
      return unreachable(state)
  }
}

const companionUrl = (
  presigner: Presigner,
  probe: Probe,
  key: string,
  companion: Companion,
): Promise<string> =>
  presigner.get(key, {
    ...PRESIGN,
    fileName: `${fileOf(probe)}.${companion}`,
    contentType: 'text/plain; charset=utf-8',
  })

/** The body of `.json`: every answer says which driver source and which header packages it came from. */
function story(probe: Probe, state: ProbeState): unknown {
  const head = { state: state.state, url: format(probe), probe, attempt: state.attempt }
  const links = { log: format(probe, 'log') }
  switch (state.state) {
    case 'building':
      return { ...head, since: time(state.claimedAt), deadline: time(state.deadline), links }
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
        links: { ...links, signature: format(probe, 'asc'), sha256: format(probe, 'sha256') },
      }
    default:
      return unreachable(state)
  }
}

const time = (milliseconds: number): string => new Date(milliseconds).toISOString()
