// What the events that call plan and publish say, checked field by field.

import * as z from 'zod'
import { BUILD_ENV } from '../../lib/aws/resources.ts'
import type { LoadTestRequest } from '../../lib/build/load-test.ts'
import type { PlanRequest } from '../../lib/build/start.ts'
import { ProbeError, unreachable } from '../../lib/model/errors.ts'
import type { BuildStatus } from '../../lib/model/ports.ts'
import type { BuildEnd } from '../../lib/publish/publish.ts'

const loadTestRequested = z.object({
  'detail-type': z.literal('LoadTestRequested'),
  detail: z.object({ key: z.string(), claim: z.string(), sha256: z.string(), bytes: z.number() }),
})

const requested = z.object({
  'detail-type': z.literal('ProbeRequested'),
  detail: z.object({ key: z.string(), claim: z.string(), attempt: z.number() }),
})

const driversWanted = z.object({ 'detail-type': z.literal('DriversWanted') })

const overdue = z.object({
  'detail-type': z.literal('ProbeOverdue'),
  detail: z.object({ key: z.string(), claim: z.string() }),
})

/** "Build state change" in the CodeBuild user guide, section "Build notifications sample". */
const buildStateChange = z.object({
  'detail-type': z.literal('CodeBuild Build State Change'),
  detail: z.object({
    'build-status': z.enum(['SUCCEEDED', 'FAILED', 'FAULT', 'STOPPED', 'TIMED_OUT']),
    'additional-information': z.object({
      environment: z.object({
        'environment-variables': z.array(z.object({ name: z.string(), value: z.string() })),
      }),
    }),
  }),
})

const STATUS = {
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  FAULT: 'failed',
  STOPPED: 'failed',
  TIMED_OUT: 'timed-out',
} as const satisfies Record<string, BuildStatus>

export type Requested =
  | { readonly type: 'ProbeRequested'; readonly request: PlanRequest }
  | { readonly type: 'LoadTestRequested'; readonly request: LoadTestRequest }
  | { readonly type: 'DriversWanted' }

/** ProbeError `misconfigured`: a rule sends what this function does not know. */
export function requestedOf(event: unknown): Requested {
  const found = parse(
    z.discriminatedUnion('detail-type', [requested, loadTestRequested, driversWanted]),
    event,
  )
  switch (found['detail-type']) {
    case 'ProbeRequested':
      return { type: 'ProbeRequested', request: found.detail }
    case 'LoadTestRequested':
      return { type: 'LoadTestRequested', request: found.detail }
    case 'DriversWanted':
      return { type: 'DriversWanted' }
    default:
      return unreachable(found)
  }
}

export function buildEndOf(event: unknown): BuildEnd {
  const { detail, ...rest } = parse(z.discriminatedUnion('detail-type', [overdue, buildStateChange]), event)
  if ('key' in detail) return { ...detail, status: undefined, phase: undefined }
  const variables = detail['additional-information'].environment['environment-variables']
  const variable = (name: string) => {
    const found = variables.find((v) => v.name === name)?.value
    if (found === undefined) throw new ProbeError('misconfigured', `${rest['detail-type']} without ${name}`)
    return found
  }
  return {
    key: variable(BUILD_ENV.probeKey),
    claim: variable(BUILD_ENV.claim),
    status: STATUS[detail['build-status']],
    phase: variable(BUILD_ENV.phase) === 'load-test' ? 'load-test' : 'build',
  }
}

function parse<T>(schema: z.ZodType<T>, event: unknown): T {
  const result = schema.safeParse(event)
  if (result.success) return result.data
  throw new ProbeError('misconfigured', `an event that no rule should send: ${z.prettifyError(result.error)}`)
}
