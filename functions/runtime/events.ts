// Parses the events that invoke plan, publish and compose.

import * as z from 'zod'
import { brokeOffIn } from '../../lib/aws/build-phases.ts'
import { BUILD_ENDS, BUILD_ENV } from '../../lib/aws/resources.ts'
import type { LoadTestRequest } from '../../lib/build/load-test.ts'
import type { PlanRequest } from '../../lib/build/start.ts'
import { ProbeError, unreachable } from '../../lib/model/errors.ts'
import {
  buildRunning,
  driversWanted,
  loadTestRequested,
  packagesWanted,
  probeOverdue,
  probeRequested,
  rootWanted,
} from '../../lib/model/events.ts'
import { parseOwn } from '../../lib/model/parse.ts'
import type { BuildEnd } from '../../lib/publish/end.ts'

const BUILD_ENDED = 'CodeBuild Build State Change'

const envelope = z.object({ 'detail-type': z.string(), detail: z.looseObject({}) })

const phase = z
  .object({
    'phase-type': z.string(),
    'phase-status': z.string().optional(),
    'phase-context': z.array(z.string()).optional(),
  })
  .transform(({ 'phase-type': type, 'phase-status': status, 'phase-context': said = [] }) => ({
    type,
    status,
    said,
  }))

/** Format: "Build state change" in the CodeBuild user guide, section "Build notifications sample". */
const buildEnded = z.object({
  type: z.literal(BUILD_ENDED),
  'build-status': z.enum(Object.keys(BUILD_ENDS) as (keyof typeof BUILD_ENDS)[]),
  'additional-information': z.object({
    environment: z.object({
      'environment-variables': z.array(z.object({ name: z.string(), value: z.string() })),
    }),
    phases: z.array(phase).optional(),
  }),
})

type Requested =
  | { readonly type: 'ProbeRequested'; readonly request: PlanRequest }
  | { readonly type: 'LoadTestRequested'; readonly request: LoadTestRequest }
  | { readonly type: 'DriversWanted' }

/** @throws {ProbeError} `misconfigured`: a rule sent an unknown event. */
export function requestedOf(event: unknown): Requested {
  const found = read(z.discriminatedUnion('type', [probeRequested, loadTestRequested, driversWanted]), event)
  switch (found.type) {
    case 'ProbeRequested':
      return { type: found.type, request: found }
    case 'LoadTestRequested':
      return { type: found.type, request: found }
    case 'DriversWanted':
      return found
    default:
      return unreachable(found)
  }
}

/** @throws {ProbeError} `misconfigured`: a rule sent an unknown event. */
export const rootWantedOf = (event: unknown) => read(rootWanted, event)

/** The end or the deadline of a build, a probe whose packages may have changed, or the hourly schedule. */
export type Trigger =
  | { readonly type: 'BuildEnd'; readonly end: BuildEnd }
  | { readonly type: 'PackagesWanted'; readonly key: string }
  | { readonly type: 'EveryHour' }

const SCHEDULED = 'Scheduled Event'

/** @throws {ProbeError} `misconfigured`: a rule sent an unknown event. */
export function triggerOf(event: unknown): Trigger {
  switch (read(z.object({ type: z.string() }), event).type) {
    case 'PackagesWanted':
      return read(packagesWanted, event)
    case SCHEDULED:
      return { type: 'EveryHour' }
    default:
      return { type: 'BuildEnd', end: buildEndOf(event) }
  }
}

/** @throws {ProbeError} `misconfigured`: a rule sent an unknown event. */
export function buildEndOf(event: unknown): BuildEnd {
  const found = read(z.discriminatedUnion('type', [probeOverdue, buildRunning, buildEnded]), event)
  if (found.type !== BUILD_ENDED) {
    const { key, claim, type } = found
    return {
      key,
      claim,
      status: undefined,
      phase: undefined,
      ...(type === 'BuildRunning' ? { mayRun: true } : {}),
    }
  }
  const variables = found['additional-information'].environment['environment-variables']
  const variable = (name: string) => {
    const value = variables.find((v) => v.name === name)?.value
    if (value === undefined) throw new ProbeError('misconfigured', `${BUILD_ENDED} without ${name}`)
    return value
  }
  const status = BUILD_ENDS[found['build-status']]
  const { phases = [] } = found['additional-information']
  const stopped = status !== 'succeeded' ? brokeOffIn(phases) : undefined
  return {
    key: variable(BUILD_ENV.probeKey),
    claim: variable(BUILD_ENV.claim),
    status,
    ...phaseOf(variable(BUILD_ENV.phase), variables.find(({ name }) => name === BUILD_ENV.test)?.value),
    ...(stopped === undefined ? {} : { brokeOff: stopped }),
  }
}

/** Older tests have no number, because each was the first. */
const phaseOf = (phase: string, test = '1'): Pick<BuildEnd, 'phase' | 'test'> =>
  phase === 'load-test' ? { phase, test: Number(test) } : { phase: 'build' }

function read<T>(schema: z.ZodType<T>, event: unknown): T {
  const own = <U>(of: z.ZodType<U>, value: unknown) =>
    parseOwn(of, value, 'an event', 'no rule should send it')
  const { 'detail-type': type, detail } = own(envelope, event)
  return own(schema, { ...detail, type })
}
